package dev.quern.store.hub;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Hashes a file from its start, both by the digest that the hub states and by SHA-256. */
final class ContentHashes {
  private final ContentDigest expected;
  private final MessageDigest byHub;
  private final MessageDigest sha256;

  /**
   * @param size of the whole file in bytes
   */
  ContentHashes(ContentDigest expected, long size) {
    this.expected = expected;
    this.byHub = Hashes.start(expected.algorithm(), size);
    this.sha256 = expected.algorithm() == ContentDigest.Algorithm.SHA256 ? byHub : Hashes.sha256();
  }

  private ContentHashes(ContentHashes original) {
    this.expected = original.expected;
    this.byHub = copy(original.byHub);
    this.sha256 = original.sha256 == original.byHub ? byHub : copy(original.sha256);
  }

  private static MessageDigest copy(MessageDigest digest) {
    try {
      return (MessageDigest) digest.clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("the JDK's own digests can be copied", e);
    }
  }

  /** The same state apart, so that bytes can be taken on trial. */
  ContentHashes copy() {
    return new ContentHashes(this);
  }

  /** Takes the file's next bytes; {@code bytes} keeps its position. */
  void update(ByteBuffer bytes) {
    byHub.update(bytes.duplicate());
    if (sha256 != byHub) {
      sha256.update(bytes.duplicate());
    }
  }

  /**
   * What the bytes hash to; ends the hashing.
   *
   * @param right whether that is what the hub states
   * @param sha256 in lower-case hexadecimal
   */
  record Result(boolean right, String sha256) {}

  Result result() {
    String hub = HexFormat.of().formatHex(byHub.digest());
    String sha = sha256 == byHub ? hub : HexFormat.of().formatHex(sha256.digest());
    return new Result(hub.equals(expected.hex()), sha);
  }
}

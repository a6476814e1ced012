package dev.quern.engine.generate;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Chains block hashes; the chain of each cache salt has its own root. Not safe for threads. */
final class BlockHasher {
  private final MessageDigest sha256;
  private final ByteBuffer input =
      ByteBuffer.allocate(16 + BlockManager.BLOCK_SIZE * Integer.BYTES);
  private final ByteBuffer output = ByteBuffer.allocate(32);

  BlockHasher() {
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The hash before the first block. */
  BlockHash root(String cacheSalt) {
    sha256.update(cacheSalt.getBytes(StandardCharsets.UTF_8));
    return digest();
  }

  /** The hash of {@code tokens[start, start + BLOCK_SIZE)} after {@code parent}. */
  BlockHash next(BlockHash parent, int[] tokens, int start) {
    input.clear().putLong(parent.high()).putLong(parent.low());
    for (int i = start; i < start + BlockManager.BLOCK_SIZE; i++) {
      input.putInt(tokens[i]);
    }
    sha256.update(input.array());
    return digest();
  }

  private BlockHash digest() {
    try {
      sha256.digest(output.array(), 0, output.capacity());
    } catch (DigestException e) {
      throw new IllegalStateException("SHA-256 gives 32 bytes", e);
    }
    return new BlockHash(output.getLong(0), output.getLong(8));
  }
}

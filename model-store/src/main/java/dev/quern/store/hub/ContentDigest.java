package dev.quern.store.hub;

import java.util.regex.Pattern;

/**
 * What a hub says the content of a file hashes to. In the cache it is also the name of the blob.
 *
 * @param hex lower-case hexadecimal digits
 */
public record ContentDigest(Algorithm algorithm, String hex) {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]+");

  /** How a hub hashes a file. */
  public enum Algorithm {
    /** Git's name of a blob: SHA-1 over {@code "blob " + size + "\0"} and the content. */
    GIT_SHA1(40),
    /** SHA-256 over the content, for files in large file storage. */
    SHA256(64);

    private final int hexDigits;

    Algorithm(int hexDigits) {
      this.hexDigits = hexDigits;
    }
  }

  public ContentDigest {
    if (hex.length() != algorithm.hexDigits || !HEX.matcher(hex).matches()) {
      throw new IllegalArgumentException("not a " + algorithm + " digest");
    }
  }
}

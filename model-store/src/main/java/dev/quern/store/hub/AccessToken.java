package dev.quern.store.hub;

import java.util.regex.Pattern;

/** A secret that the hub knows a user by. It prints as asterisks, so that no log can hold it. */
public final class AccessToken {
  /** What an HTTP header can carry; a line break in it would let a token file forge headers. */
  private static final Pattern VALID = Pattern.compile("[\\x21-\\x7e]{1,4096}");

  private final String secret;

  /**
   * @throws IllegalArgumentException if {@code secret} is not printable ASCII without blanks
   */
  public AccessToken(String secret) {
    if (!VALID.matcher(secret).matches()) {
      throw new IllegalArgumentException("not a token");
    }
    this.secret = secret;
  }

  /** The value of an {@code Authorization} header. */
  String authorization() {
    return "Bearer " + secret;
  }

  @Override
  public String toString() {
    return "***";
  }
}

package dev.quern.supplier.relay;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a RelayMiner says of a relay. None of it is proven: whoever can reach the server can write
 * the same.
 *
 * @param supplier the address that is paid
 * @param service such as {@code text-generation}
 * @param application the address that pays
 * @param sessionEndHeight the last block at which the relay is paid
 */
public record RelayHeaders(
    Optional<String> supplier,
    Optional<String> service,
    Optional<String> application,
    Optional<String> session,
    OptionalLong sessionStartHeight,
    OptionalLong sessionEndHeight) {
  /** Longer values are no addresses and no ids; they are taken for absent. */
  private static final int LONGEST = 256;

  /** Of a relay that came without any. */
  public static final RelayHeaders NONE =
      new RelayHeaders(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          OptionalLong.empty(),
          OptionalLong.empty());

  /**
   * Reads a request's headers.
   *
   * @param header a header's value by its name in any letter case, or null
   */
  public static RelayHeaders read(UnaryOperator<@Nullable String> header) {
    return new RelayHeaders(
        text(header, "Pocket-Supplier"),
        text(header, "Pocket-Service"),
        text(header, "Pocket-Application"),
        text(header, "Pocket-Session-Id"),
        height(header, "Pocket-Session-Start-Height"),
        height(header, "Pocket-Session-End-Height"));
  }

  /** Whether there is any of them. */
  public boolean present() {
    return !equals(NONE);
  }

  private static Optional<String> text(UnaryOperator<@Nullable String> header, String name) {
    String value = header.apply(name);
    return value == null || value.isBlank() || value.length() > LONGEST
        ? Optional.empty()
        : Optional.of(value.strip());
  }

  private static OptionalLong height(UnaryOperator<@Nullable String> header, String name) {
    Optional<String> text = text(header, name);
    try {
      return text.isPresent()
          ? OptionalLong.of(Long.parseUnsignedLong(text.get()))
          : OptionalLong.empty();
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}

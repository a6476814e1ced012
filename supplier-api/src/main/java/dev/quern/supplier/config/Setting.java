package dev.quern.supplier.config;

import dev.quern.store.QuernException;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One thing that can be set.
 *
 * @param name as in YAML; the flag is {@code --name}, the environment variable {@code QUERN_NAME}
 *     with underscores
 * @param defaultText what is read when nothing is set; null: the value is then absent
 * @param defaultDoc what help and README call the default
 * @param repeatable whether it may be given several times (in the environment: with commas; in
 *     YAML: as a list)
 * @param doc one sentence without a full stop
 */
public record Setting<T>(
    String name,
    ValueType<T> type,
    @Nullable String defaultText,
    String defaultDoc,
    boolean repeatable,
    String doc) {
  /** Everything in the environment that starts so must be a setting. */
  public static final String ENVIRONMENT_PREFIX = "QUERN_";

  public static <T> Setting<T> of(String name, ValueType<T> type, String defaultText, String doc) {
    return new Setting<>(name, type, defaultText, defaultText, false, doc);
  }

  /** A setting without a value of its own; {@code defaultDoc} says what then happens. */
  public static <T> Setting<T> absent(
      String name, ValueType<T> type, String defaultDoc, String doc) {
    return new Setting<>(name, type, null, defaultDoc, false, doc);
  }

  /** The same setting, given as often as wanted. */
  public Setting<T> repeated() {
    return new Setting<>(name, type, defaultText, defaultDoc, true, doc);
  }

  public String flag() {
    return "--" + name;
  }

  /** Whether the flag may stand without a value. */
  public boolean isSwitch() {
    return type.placeholder().isEmpty();
  }

  public String environmentVariable() {
    return ENVIRONMENT_PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  /**
   * The value that a text of {@code source} means.
   *
   * @param source how the source spells this setting, such as {@code --port} or {@code port in
   *     quern.yaml}
   */
  public T read(String text, String source) {
    Optional<T> value = type.reader().apply(text);
    return value.orElseThrow(
        () ->
            QuernException.badRequest(
                name,
                source + ": '" + shortened(text) + "' is not accepted; give " + type.accepted()));
  }

  /** One line, whatever the text holds. */
  static String shortened(String text) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.length() > 80 ? line.substring(0, 80) + "..." : line;
  }
}

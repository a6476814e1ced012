package dev.quern.store.gguf;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Typed reading of a GGUF file's metadata. Every error is a {@link QuernException} that names the
 * file and the key.
 */
final class GgufMetadata {
  private final Path file;
  private final Map<String, GgufValue> values;

  GgufMetadata(Path file, Map<String, GgufValue> values) {
    this.file = file;
    this.values = Collections.unmodifiableMap(values);
  }

  Set<String> keys() {
    return values.keySet();
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  Optional<String> text(String key) {
    return value(key)
        .map(
            value -> {
              if (value instanceof GgufValue.Text text) {
                return text.value();
              }
              throw error(key, "is not a string");
            });
  }

  Optional<List<String>> texts(String key) {
    return value(key)
        .map(
            value -> {
              if (value instanceof GgufValue.Texts texts) {
                return texts.values();
              }
              throw error(key, "is not a list of strings");
            });
  }

  Optional<GgufValue.Numbers> numbers(String key) {
    return value(key)
        .map(
            value -> {
              if (value instanceof GgufValue.Numbers numbers) {
                return numbers;
              }
              throw error(key, "is not a list of numbers");
            });
  }

  /** A whole number from 0 on. */
  OptionalLong whole(String key) {
    Optional<GgufValue> value = value(key);
    if (value.isEmpty()) {
      return OptionalLong.empty();
    }
    if (value.get() instanceof GgufValue.Whole whole && whole.value() >= 0) {
      return OptionalLong.of(whole.value());
    }
    throw error(key, "is not a whole number");
  }

  /** A whole number from 0 on that must be there. */
  long neededWhole(String key) {
    OptionalLong value = whole(key);
    if (value.isEmpty()) {
      throw error(key, "is missing");
    }
    return value.getAsLong();
  }

  /** Whether the value is an array. */
  boolean isList(String key) {
    GgufValue value = values.get(key);
    return value instanceof GgufValue.Numbers || value instanceof GgufValue.Texts;
  }

  /**
   * A whole number that some files state once and some for each layer.
   *
   * @throws QuernException BAD_REQUEST if it is missing or layers differ
   */
  long neededUniform(String key) {
    if (!isList(key)) {
      return neededWhole(key);
    }
    GgufValue.Numbers perLayer = numbers(key).orElseThrow();
    for (int i = 0; i < perLayer.size(); i++) {
      if (!perLayer.isWhole() || perLayer.whole(i) != perLayer.whole(0) || perLayer.whole(i) < 0) {
        throw error(key, "differs between layers, and Quern has no family like that");
      }
    }
    if (perLayer.size() == 0) {
      throw error(key, "is an empty list");
    }
    return perLayer.whole(0);
  }

  OptionalDouble number(String key) {
    Optional<GgufValue> value = value(key);
    if (value.isEmpty()) {
      return OptionalDouble.empty();
    }
    return switch (value.get()) {
      case GgufValue.Real real -> OptionalDouble.of(real.value());
      case GgufValue.Whole whole -> OptionalDouble.of((double) whole.value());
      default -> throw error(key, "is not a number");
    };
  }

  Optional<Boolean> flag(String key) {
    return value(key)
        .map(
            value -> {
              if (value instanceof GgufValue.Flag flag) {
                return flag.value();
              }
              throw error(key, "is neither true nor false");
            });
  }

  /** An error about one key; {@code what} follows the key's name. */
  QuernException error(String key, String what) {
    return new QuernException(ErrorCategory.BAD_REQUEST, file + ": " + key + " " + what);
  }

  private Optional<GgufValue> value(String key) {
    return Optional.ofNullable(values.get(key));
  }
}

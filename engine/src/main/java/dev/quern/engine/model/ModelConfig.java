package dev.quern.engine.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.PointwiseFunction;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.JsonFiles;
import dev.quern.store.QuernException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * Typed reading of {@code config.json}. An absent key and a null are the same, but for {@link
 * #has}. Every error is a {@link QuernException} that names the file, the key and what was there.
 */
final class ModelConfig {
  private final JsonNode node;
  private final Path file;
  private final String prefix;

  private ModelConfig(JsonNode node, Path file, String prefix) {
    this.node = node;
    this.file = file;
    this.prefix = prefix;
  }

  static ModelConfig of(Checkpoint checkpoint) {
    return new ModelConfig(checkpoint.config(), checkpoint.configFile(), /* prefix= */ "");
  }

  /** The object in another JSON file of a model's folder. */
  static ModelConfig read(Path file) {
    return new ModelConfig(JsonFiles.readObject(file), file, /* prefix= */ "");
  }

  /** An object that is part of {@code file}. */
  static ModelConfig of(JsonNode object, Path file) {
    return new ModelConfig(object, file, /* prefix= */ "");
  }

  /** Whether the key is there, be it null. */
  boolean has(String key) {
    return node.has(key);
  }

  int positiveInt(String key) {
    return optionalPositiveInt(key)
        .orElseThrow(() -> error(key, "is missing: a whole number above 0 is needed"));
  }

  int positiveInt(String key, int fallback) {
    return optionalPositiveInt(key).orElse(fallback);
  }

  OptionalInt optionalPositiveInt(String key) {
    Optional<JsonNode> value = value(key);
    return value.isPresent()
        ? OptionalInt.of(toPositiveInt(key, value.get()))
        : OptionalInt.empty();
  }

  private int toPositiveInt(String key, JsonNode value) {
    if (!value.canConvertToExactIntegral() || !value.canConvertToInt() || value.intValue() < 1) {
      throw wrong(key, "a whole number above 0", value);
    }
    return value.intValue();
  }

  double positiveNumber(String key) {
    return optionalPositiveNumber(key)
        .orElseThrow(() -> error(key, "is missing: a number above 0 is needed"));
  }

  double positiveNumber(String key, double fallback) {
    return optionalPositiveNumber(key).orElse(fallback);
  }

  OptionalDouble optionalPositiveNumber(String key) {
    Optional<JsonNode> value = value(key);
    return value.isPresent()
        ? OptionalDouble.of(toPositiveNumber(key, value.get()))
        : OptionalDouble.empty();
  }

  private double toPositiveNumber(String key, JsonNode value) {
    double number = value.doubleValue();
    if (!value.isNumber() || !(number > 0) || Double.isInfinite(number)) {
      throw wrong(key, "a number above 0", value);
    }
    return number;
  }

  boolean flag(String key, boolean fallback) {
    Optional<JsonNode> value = value(key);
    if (value.isEmpty()) {
      return fallback;
    }
    if (!value.get().isBoolean()) {
      throw wrong(key, "true or false", value.get());
    }
    return value.get().booleanValue();
  }

  Optional<String> text(String key) {
    return value(key).map(value -> toText(key, value));
  }

  private String toText(String key, JsonNode value) {
    if (!value.isTextual()) {
      throw wrong(key, "a string", value);
    }
    return value.textValue();
  }

  /** One string or a list of them. */
  List<String> textOrTexts(String key) {
    return value(key)
        .map(
            value ->
                value.isArray()
                    ? elements(key, value, element -> toText(key, element))
                    : List.of(toText(key, value)))
        .orElse(List.of());
  }

  /** Strings by name; a null counts as an empty one. */
  Map<String, String> textsByName(String key) {
    Map<String, String> texts = new LinkedHashMap<>();
    object(key)
        .ifPresent(
            names ->
                names
                    .node
                    .fieldNames()
                    .forEachRemaining(name -> texts.put(name, names.text(name).orElse(""))));
    return texts;
  }

  Optional<List<String>> texts(String key) {
    return value(key).map(value -> elements(key, value, element -> toText(key, element)));
  }

  /** A whole number from 0, such as a token's id. */
  OptionalInt optionalIndex(String key) {
    Optional<JsonNode> value = value(key);
    return value.isPresent()
        ? OptionalInt.of(toLayerNumber(key, value.get()))
        : OptionalInt.empty();
  }

  /** Whole numbers from 0. */
  List<Integer> layerNumbers(String key) {
    return value(key)
        .map(value -> elements(key, value, element -> toLayerNumber(key, element)))
        .orElse(List.of());
  }

  private int toLayerNumber(String key, JsonNode value) {
    if (!value.canConvertToExactIntegral() || !value.canConvertToInt() || value.intValue() < 0) {
      throw wrong(key, "whole numbers from 0", value);
    }
    return value.intValue();
  }

  List<Double> positiveNumbers(String key) {
    return value(key)
        .map(value -> elements(key, value, element -> toPositiveNumber(key, element)))
        .orElseThrow(() -> error(key, "is missing: a list of numbers is needed"));
  }

  private <T> List<T> elements(String key, JsonNode value, Function<JsonNode, T> read) {
    if (!value.isArray()) {
      throw wrong(key, "a list", value);
    }
    List<T> elements = new ArrayList<>(value.size());
    for (JsonNode element : value) {
      elements.add(read.apply(element));
    }
    return elements;
  }

  /** The object under {@code key}; its errors name both keys. */
  Optional<ModelConfig> object(String key) {
    return value(key)
        .map(
            value -> {
              if (!value.isObject()) {
                throw wrong(key, "an object", value);
              }
              return new ModelConfig(value, file, prefix + key + ".");
            });
  }

  boolean isEmpty() {
    return node.isEmpty();
  }

  /** The gate function under {@code key}, in the names of transformers. */
  Activation activation(String key, String fallback) {
    String name = text(key).orElse(fallback);
    return switch (name) {
      case "silu", "swish" -> Activation.SILU;
      case "gelu" -> Activation.GELU;
      case "gelu_pytorch_tanh", "gelu_new", "gelu_fast" -> Activation.GELU_TANH;
      default ->
          throw error(
              key,
              "is '"
                  + name
                  + "', which Quern does not compute: silu, gelu and gelu_pytorch_tanh are"
                  + " supported");
    };
  }

  /** The function under {@code key} in the names of transformers. */
  PointwiseFunction function(String key, String fallback) {
    String name = text(key).orElse(fallback);
    return switch (name) {
      case "gelu" -> PointwiseFunction.GELU;
      case "gelu_new", "gelu_fast", "gelu_pytorch_tanh" -> PointwiseFunction.GELU_TANH;
      case "relu" -> PointwiseFunction.RELU;
      case "silu", "swish" -> PointwiseFunction.SILU;
      case "tanh" -> PointwiseFunction.TANH;
      default ->
          throw error(
              key,
              "is '"
                  + name
                  + "', which Quern does not compute: gelu, gelu_new, relu, silu and tanh are"
                  + " supported");
    };
  }

  /** An error about one key; {@code what} follows the key's name. */
  QuernException error(String key, String what) {
    return new QuernException(ErrorCategory.BAD_REQUEST, file + ": " + prefix + key + " " + what);
  }

  private QuernException wrong(String key, String expected, JsonNode found) {
    String text = found.toString();
    String shown = text.length() <= 80 ? text : text.substring(0, 80) + "...";
    return error(key, "must be " + expected + ", not " + shown);
  }

  private Optional<JsonNode> value(String key) {
    JsonNode value = node.get(key);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }
}

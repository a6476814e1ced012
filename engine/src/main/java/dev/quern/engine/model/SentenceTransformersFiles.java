package dev.quern.engine.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.engine.tensor.Pooling;
import dev.quern.store.ErrorCategory;
import dev.quern.store.JsonFiles;
import dev.quern.store.QuernException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads what sentence-transformers (2 to 6) writes beside a checkpoint. */
final class SentenceTransformersFiles {
  private static final String MODULES = "modules.json";

  /** Beyond this, a tokenizer's {@code model_max_length} means that it knows of none. */
  private static final long LONGEST_SEQUENCE = 1 << 24;

  private final Path folder;
  private List<Pooling> pooling = List.of();
  private boolean poolsPrompt = true;
  private final List<SentenceTransformersLayout.DenseModule> dense = new ArrayList<>();
  private boolean normalise;
  private OptionalInt maxSequenceLength = OptionalInt.empty();
  private boolean lowerCase;
  private Optional<SentenceTransformersLayout.LogitScore> logitScore = Optional.empty();

  private SentenceTransformersFiles(Path folder) {
    this.folder = folder;
  }

  static Optional<SentenceTransformersLayout> read(Path folder) {
    Path file = folder.resolve(MODULES);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    SentenceTransformersFiles files = new SentenceTransformersFiles(folder);
    for (JsonNode module : JsonFiles.readArray(file)) {
      files.add(ModelConfig.of(module, file));
    }
    return Optional.of(files.layout());
  }

  private void add(ModelConfig module) {
    String type = module.text("type").orElseThrow(() -> module.error("type", "is missing"));
    Path path = inside(module, module.text("path").orElse(""));
    switch (type.substring(type.lastIndexOf('.') + 1)) {
      case "Transformer" -> readTransformer(path);
      case "Pooling" -> readPooling(ModelConfig.read(path.resolve("config.json")));
      case "Dense" -> {
        if (normalise || pooling.isEmpty()) {
          throw module.error("type", "Dense must stand after Pooling and before Normalize");
        }
        dense.add(new SentenceTransformersLayout.DenseModule(path));
      }
      case "Normalize" -> normalise = true;
      case "LogitScore" -> readLogitScore(ModelConfig.read(path.resolve("config.json")));
      case "Dropout" -> {
        // Only does anything in training.
      }
      default ->
          throw module.error(
              "type",
              "is '"
                  + type
                  + "', which Quern does not compute: Transformer, Pooling, Dense, Normalize and"
                  + " LogitScore are supported");
    }
  }

  private Path inside(ModelConfig module, String path) {
    Path resolved = folder.resolve(path).normalize();
    if (!resolved.startsWith(folder.normalize())) {
      throw module.error("path", "leads out of the model's folder");
    }
    return resolved;
  }

  private void readTransformer(Path path) {
    for (String family : List.of("bert", "roberta", "distilbert", "camembert", "xlm-roberta")) {
      Path file = path.resolve("sentence_" + family + "_config.json");
      if (Files.exists(file)) {
        ModelConfig config = ModelConfig.read(file);
        maxSequenceLength = config.optionalPositiveInt("max_seq_length");
        lowerCase = config.flag("do_lower_case", false);
        break;
      }
    }
    if (maxSequenceLength.isEmpty()) {
      maxSequenceLength = tokenizersLength(path.resolve("tokenizer_config.json"));
    }
  }

  /** The tokenizer's own limit, which some write as a number of thirty digits for none. */
  private static OptionalInt tokenizersLength(Path file) {
    if (!Files.exists(file)) {
      return OptionalInt.empty();
    }
    JsonNode limit = JsonFiles.readObject(file).path("model_max_length");
    double length = limit.doubleValue();
    return limit.isNumber() && length >= 1 && length <= LONGEST_SEQUENCE
        ? OptionalInt.of((int) length)
        : OptionalInt.empty();
  }

  private void readPooling(ModelConfig config) {
    poolsPrompt = config.flag("include_prompt", true);
    pooling = config.has("pooling_mode") ? statedModes(config) : flaggedModes(config);
  }

  private static List<Pooling> statedModes(ModelConfig config) {
    return config.textOrTexts("pooling_mode").stream()
        .map(
            name ->
                switch (name) {
                  case "cls" -> Pooling.CLS;
                  case "max" -> Pooling.MAX;
                  case "mean" -> Pooling.MEAN;
                  case "mean_sqrt_len_tokens" -> Pooling.MEAN_SQRT_LENGTH;
                  case "weightedmean" -> Pooling.WEIGHTED_MEAN;
                  case "lasttoken" -> Pooling.LAST_TOKEN;
                  default ->
                      throw config.error(
                          "pooling_mode",
                          "is '"
                              + name
                              + "': cls, max, mean, mean_sqrt_len_tokens, weightedmean and"
                              + " lasttoken are supported");
                })
        .toList();
  }

  /** A flag for each mode, as versions before 5 wrote; they are joined in this order. */
  private static List<Pooling> flaggedModes(ModelConfig config) {
    List<Pooling> modes = new ArrayList<>();
    Map<String, Pooling> flags =
        Map.of(
            "pooling_mode_cls_token", Pooling.CLS,
            "pooling_mode_max_tokens", Pooling.MAX,
            "pooling_mode_mean_tokens", Pooling.MEAN,
            "pooling_mode_mean_sqrt_len_tokens", Pooling.MEAN_SQRT_LENGTH,
            "pooling_mode_weightedmean_tokens", Pooling.WEIGHTED_MEAN,
            "pooling_mode_lasttoken", Pooling.LAST_TOKEN);
    flags.forEach(
        (key, mode) -> {
          if (config.flag(key, false)) {
            modes.add(mode);
          }
        });
    modes.sort(null);
    return modes.isEmpty() ? List.of(Pooling.MEAN) : modes;
  }

  private void readLogitScore(ModelConfig config) {
    int trueToken =
        config
            .optionalIndex("true_token_id")
            .orElseThrow(() -> config.error("true_token_id", "is missing: a token's id is needed"));
    logitScore =
        Optional.of(
            new SentenceTransformersLayout.LogitScore(
                trueToken, config.optionalIndex("false_token_id")));
  }

  private SentenceTransformersLayout layout() {
    Path file = folder.resolve("config_sentence_transformers.json");
    Map<String, String> prompts = Map.of();
    Optional<String> defaultPrompt = Optional.empty();
    Optional<VectorSimilarity> similarity = Optional.empty();
    Optional<ScoreActivation> activation = Optional.empty();
    if (Files.exists(file)) {
      ModelConfig config = ModelConfig.read(file);
      activation = config.text("activation_fn").map(name -> activation(config, name));
      prompts = config.textsByName("prompts");
      defaultPrompt = config.text("default_prompt_name");
      similarity = config.text("similarity_fn_name").map(name -> similarity(config, name));
      if (defaultPrompt.isPresent() && !prompts.containsKey(defaultPrompt.get())) {
        throw config.error(
            "default_prompt_name",
            "is '" + defaultPrompt.get() + "', and prompts holds only " + prompts.keySet());
      }
    }
    if (pooling.isEmpty() && logitScore.isEmpty() && (normalise || !dense.isEmpty())) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          folder.resolve(MODULES) + " has no Pooling: download the file again");
    }
    return new SentenceTransformersLayout(
        pooling,
        poolsPrompt,
        dense,
        normalise,
        maxSequenceLength,
        lowerCase,
        prompts,
        defaultPrompt,
        similarity,
        activation,
        logitScore);
  }

  /** A class of torch by its full name. */
  static ScoreActivation activation(ModelConfig config, String name) {
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "Identity" -> ScoreActivation.NONE;
      case "Sigmoid" -> ScoreActivation.SIGMOID;
      case "Softmax" -> ScoreActivation.SOFTMAX;
      default ->
          throw config.error(
              "activation_fn", "is '" + name + "': Identity, Sigmoid and Softmax are supported");
    };
  }

  private static VectorSimilarity similarity(ModelConfig config, String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "cosine" -> VectorSimilarity.COSINE;
      case "dot" -> VectorSimilarity.DOT;
      case "euclidean" -> VectorSimilarity.EUCLIDEAN;
      case "manhattan" -> VectorSimilarity.MANHATTAN;
      default ->
          throw config.error(
              "similarity_fn_name",
              "is '" + name + "': cosine, dot, euclidean and manhattan are supported");
    };
  }
}

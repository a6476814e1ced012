package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.RopeTable;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Rotary position embedding as {@code config.json} states it, in transformers 5's spelling ({@code
 * rope_parameters}) or the one before ({@code rope_theta} beside {@code rope_scaling}, {@code type}
 * for {@code rope_type}).
 *
 * @param rotaryDim leading dimensions of each head that are rotated
 */
record RopeParameters(double theta, int rotaryDim, RopeScaling scaling) {

  /** Whole heads, rotated as in RoFormer. */
  static RopeParameters unscaled(double theta, int headDim) {
    return new RopeParameters(theta, headDim, new RopeScaling.None());
  }

  /** For families whose layers all share one rotary embedding. */
  static RopeParameters read(ModelConfig config, DecoderConfig shape, double defaultTheta) {
    ModelConfig rope = section(config);
    double topLevelTheta = config.positiveNumber("rope_theta", defaultTheta);
    return read(config, rope, shape, rope.positiveNumber("rope_theta", topLevelTheta));
  }

  /** The object that holds the parameters; the configuration itself where there is none. */
  private static ModelConfig section(ModelConfig config) {
    return config
        .object("rope_scaling")
        .filter(scaling -> !scaling.isEmpty())
        .or(() -> config.object("rope_parameters"))
        .orElse(config);
  }

  /**
   * @param rope the object with {@code rope_type} and its numbers
   */
  static RopeParameters read(
      ModelConfig config, ModelConfig rope, DecoderConfig shape, double theta) {
    double rotated =
        rope.positiveNumber(
            "partial_rotary_factor", config.positiveNumber("partial_rotary_factor", 1));
    int rotaryDim = (int) (shape.heads().headDim() * rotated);
    if (rotated > 1 || rotaryDim < 2 || rotaryDim % 2 != 0) {
      throw config.error(
          "partial_rotary_factor",
          "of "
              + rotated
              + " rotates "
              + rotaryDim
              + " of head_dim "
              + shape.heads().headDim()
              + ": an even number of dimensions within the head is needed");
    }
    return new RopeParameters(theta, rotaryDim, scaling(config, rope, shape, rotaryDim));
  }

  private static RopeScaling scaling(
      ModelConfig config, ModelConfig rope, DecoderConfig shape, int rotaryDim) {
    String key = rope.has("rope_type") ? "rope_type" : "type";
    String stated = rope.text(key).orElse("default");
    // Phi 3's first release called LongRoPE "yarn".
    String type = stated.equals("yarn") && rope.has("short_factor") ? "longrope" : stated;
    int maxPositions = shape.maxPositionEmbeddings();
    return switch (type) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(factor(rope));
      case "dynamic" -> dynamic(rope, maxPositions, rotaryDim);
      case "llama3" -> llama3(rope, originalLength(config, rope, maxPositions));
      case "yarn" -> yarn(rope, originalLength(config, rope, maxPositions), maxPositions);
      case "longrope", "su" ->
          longRope(rope, originalLength(config, rope, maxPositions), maxPositions, rotaryDim);
      default ->
          throw rope.error(
              key,
              "is '"
                  + type
                  + "': default, linear, dynamic, llama3, yarn and longrope are supported");
    };
  }

  private static double factor(ModelConfig rope) {
    double factor = rope.positiveNumber("factor");
    if (factor < 1) {
      throw rope.error("factor", "must be at least 1, not " + factor);
    }
    return factor;
  }

  private static int originalLength(ModelConfig config, ModelConfig rope, int maxPositions) {
    String key = "original_max_position_embeddings";
    return config.positiveInt(key, rope.positiveInt(key, maxPositions));
  }

  private static RopeScaling dynamic(ModelConfig rope, int maxPositions, int rotaryDim) {
    if (rotaryDim < 4) {
      throw rope.error("rope_type", "dynamic needs at least 4 rotated dimensions");
    }
    return new RopeScaling.Dynamic(factor(rope), maxPositions);
  }

  private static RopeScaling llama3(ModelConfig rope, int originalLength) {
    double low = rope.positiveNumber("low_freq_factor");
    double high = rope.positiveNumber("high_freq_factor");
    if (!(low < high)) {
      throw rope.error("low_freq_factor", "must be below high_freq_factor " + high);
    }
    return new RopeScaling.Llama3(factor(rope), low, high, originalLength);
  }

  private static RopeScaling yarn(ModelConfig rope, int originalLength, int maxPositions) {
    double factor =
        rope.optionalPositiveNumber("factor").orElse((double) maxPositions / originalLength);
    OptionalDouble scale = rope.optionalPositiveNumber("mscale");
    OptionalDouble scaleAllDims = rope.optionalPositiveNumber("mscale_all_dim");
    double suggested =
        scale.isPresent() && scaleAllDims.isPresent()
            ? yarnScale(factor, scale.getAsDouble()) / yarnScale(factor, scaleAllDims.getAsDouble())
            : yarnScale(factor, 1);
    return new RopeScaling.Yarn(
        factor,
        originalLength,
        rope.positiveNumber("beta_fast", 32),
        rope.positiveNumber("beta_slow", 1),
        rope.flag("truncate", true),
        (float) rope.positiveNumber("attention_factor", suggested));
  }

  private static double yarnScale(double factor, double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  }

  private static RopeScaling longRope(
      ModelConfig rope, int originalLength, int maxPositions, int rotaryDim) {
    double factor =
        rope.optionalPositiveNumber("factor").orElse((double) maxPositions / originalLength);
    double suggested = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalLength));
    return new RopeScaling.LongRope(
        pairFactors(rope, "short_factor", rotaryDim),
        pairFactors(rope, "long_factor", rotaryDim),
        originalLength,
        (float) rope.positiveNumber("attention_factor", suggested));
  }

  private static float[] pairFactors(ModelConfig rope, String key, int rotaryDim) {
    List<Double> numbers = rope.positiveNumbers(key);
    if (numbers.size() != rotaryDim / 2) {
      throw rope.error(
          key, "has " + numbers.size() + " numbers for " + rotaryDim / 2 + " rotated pairs");
    }
    float[] factors = new float[numbers.size()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = numbers.get(i).floatValue();
    }
    return factors;
  }

  /** Cosines and sines of all positions of a context. */
  RopeTable table(Backend backend, int contextLength) {
    float[] frequencies = scaling.frequencies(theta, rotaryDim, contextLength);
    float factor = scaling.attentionFactor();
    float[][] cosines = new float[contextLength][rotaryDim / 2];
    float[][] sines = new float[contextLength][rotaryDim / 2];
    // In parallel: a context of 128 k takes eight million of each.
    IntStream.range(0, contextLength)
        .parallel()
        .forEach(
            position -> {
              for (int i = 0; i < frequencies.length; i++) {
                float angle = position * frequencies[i];
                cosines[position][i] = (float) Math.cos(angle) * factor;
                sines[position][i] = (float) Math.sin(angle) * factor;
              }
            });
    return backend.ropeTable(cosines, sines);
  }
}

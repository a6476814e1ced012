package dev.quern.store.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.TensorEntry;
import dev.quern.store.elements.TensorReader;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Rotary embedding: llama.cpp's keys and tables as {@code rope_theta} and {@code rope_scaling}.
 *
 * <p>Llama 3's scaling is a table of factors by which each pair's frequency is divided ({@code
 * rope_freqs.weight}); that is LongRoPE with one list for all lengths.
 */
final class GgufRope {
  private static final int MAX_PAIRS = 4096;

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final GgufArchitecture architecture;
  private final ObjectNode config;

  /**
   * @param config takes the keys; has {@code head_dim} and {@code max_position_embeddings}
   */
  GgufRope(GgufFile file, GgufArchitecture architecture, ObjectNode config) {
    this.file = file;
    this.metadata = file.metadata();
    this.architecture = architecture;
    this.config = config;
  }

  void add() {
    OptionalDouble base = metadata.number(key("rope.freq_base"));
    config.put("rope_theta", GgufConfig.shortest(base.orElse(10_000)));
    long rotated = metadata.whole(key("rope.dimension_count")).orElse(headDim());
    if (rotated != headDim()) {
      config.put("partial_rotary_factor", (double) rotated / headDim());
    }
    Optional<TensorEntry> shared = table(GgufTensors.ROPE_FREQUENCIES);
    Optional<TensorEntry> shorter = table(GgufTensors.ROPE_SHORT_FACTORS);
    Optional<TensorEntry> longer = table(GgufTensors.ROPE_LONG_FACTORS);
    String type = metadata.text(key("rope.scaling.type")).orElse("none");
    if (shared.isPresent()) {
      addTables(type, shared.get(), shared.get(), 1);
    } else if (shorter.isPresent() && longer.isPresent()) {
      double factor = metadata.number(key("rope.scaling.attn_factor")).orElse(1);
      addTables(type, shorter.get(), longer.get(), factor);
    } else {
      addNamed(type);
    }
  }

  private void addTables(
      String type, TensorEntry shorter, TensorEntry longer, double attentionFactor) {
    if (!type.equals("none") && !type.equals("longrope")) {
      throw metadata.error(
          key("rope.scaling.type"),
          "is '" + type + "' beside a table of factors, and Quern computes one of the two alone");
    }
    ObjectNode scaling = config.putObject("rope_scaling");
    scaling.put("rope_type", "longrope");
    addFactors(scaling.putArray("short_factor"), shorter);
    addFactors(scaling.putArray("long_factor"), longer);
    scaling.put("attention_factor", attentionFactor);
    scaling.put("original_max_position_embeddings", originalLength());
  }

  private void addFactors(ArrayNode factors, TensorEntry table) {
    if (table.elements() > MAX_PAIRS) {
      throw metadata.error(table.name(), "has " + table.elements() + " factors");
    }
    for (float factor : TensorReader.readAll(table)) {
      factors.add(factor);
    }
  }

  private void addNamed(String type) {
    switch (type) {
      case "none" -> addLinear(metadata.number(key("rope.scale_linear")).orElse(1));
      case "linear" -> addLinear(metadata.number(key("rope.scaling.factor")).orElse(1));
      case "yarn" -> addYarn();
      default ->
          throw metadata.error(
              key("rope.scaling.type"),
              "is '" + type + "': none, linear, yarn and tables of factors are supported");
    }
  }

  private void addLinear(double factor) {
    if (factor != 1) {
      config
          .putObject("rope_scaling")
          .put("rope_type", "linear")
          .put("factor", GgufConfig.shortest(factor));
    }
  }

  private void addYarn() {
    double factor = metadata.number(key("rope.scaling.factor")).orElse(1);
    ObjectNode scaling = config.putObject("rope_scaling");
    scaling.put("rope_type", "yarn");
    scaling.put("factor", GgufConfig.shortest(factor));
    scaling.put("original_max_position_embeddings", originalLength());
    addIfThere("rope.scaling.yarn_beta_fast", scaling, "beta_fast");
    addIfThere("rope.scaling.yarn_beta_slow", scaling, "beta_slow");
    for (String other :
        new String[] {"yarn_log_multiplier", "yarn_ext_factor", "yarn_attn_factor"}) {
      if (metadata.has(key("rope.scaling." + other))) {
        throw metadata.error(
            key("rope.scaling." + other), "is there, which Quern does not compute");
      }
    }
    OptionalDouble attention = metadata.number(key("rope.scaling.attn_factor"));
    if (attention.isPresent()) {
      // llama.cpp multiplies YaRN's own factor by it.
      scaling.put(
          "attention_factor", attention.getAsDouble() * (1 + 0.1 * Math.log(Math.max(1, factor))));
    }
  }

  private void addIfThere(String from, ObjectNode scaling, String to) {
    metadata.number(key(from)).ifPresent(x -> scaling.put(to, GgufConfig.shortest(x)));
  }

  private long originalLength() {
    return metadata
        .whole(key("rope.scaling.original_context_length"))
        .orElse(config.path("max_position_embeddings").longValue());
  }

  private long headDim() {
    return config.path("head_dim").longValue();
  }

  private Optional<TensorEntry> table(String name) {
    return file.tensors().stream().filter(tensor -> tensor.name().equals(name)).findFirst();
  }

  private String key(String name) {
    return architecture.name() + "." + name;
  }
}

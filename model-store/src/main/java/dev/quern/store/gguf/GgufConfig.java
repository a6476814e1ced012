package dev.quern.store.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.TensorEntry;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * A Hugging Face {@code config.json} made from a GGUF file's metadata. Where a key is silent, the
 * value is llama.cpp's for the architecture if that is not the family's own.
 */
final class GgufConfig {
  private static final double DEFAULT_ROPE_BASE = 10_000;

  /** Gemma's largest models scale scores by the size of a head that the width would give. */
  private static final int GEMMA2_27B_LAYERS = 46;

  private static final int GEMMA3_27B_LAYERS = 62;

  /** The last of so many layers sees everything, the others a window. */
  private static final int GEMMA3_PATTERN = 6;

  private static final int EVERY_LAYER_SEES_ALL = 1;

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final GgufArchitecture architecture;
  private final GgufHeads heads;
  private final ObjectNode config = JsonNodeFactory.instance.objectNode();

  GgufConfig(GgufFile file, GgufArchitecture architecture) {
    this.file = file;
    this.metadata = file.metadata();
    this.architecture = architecture;
    this.heads = GgufHeads.read(metadata, architecture);
  }

  /**
   * The whole configuration.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST naming the key that is missing or that Quern
   *     has no equal for
   */
  JsonNode toJson() {
    config.putArray("architectures").add(architecture.family());
    config.put("model_type", architecture.name());
    addSizes();
    addBiases();
    new GgufRope(file, architecture, config).add();
    switch (architecture.family()) {
      case "MistralForCausalLM", "Phi3ForCausalLM" -> addWindow();
      case "MixtralForCausalLM" -> {
        config.put("num_local_experts", metadata.neededWhole(key("expert_count")));
        config.put("num_experts_per_tok", metadata.neededWhole(key("expert_used_count")));
      }
      case "Qwen3MoeForCausalLM" -> addQwenExperts();
      case "Gemma2ForCausalLM" -> addGemma2();
      case "Gemma3ForCausalLM" -> addGemma3();
      default -> {
        // Llama and the plain Qwens have nothing more to say.
      }
    }
    return config;
  }

  private void addSizes() {
    long hiddenSize = metadata.neededWhole(key("embedding_length"));
    config.put("hidden_size", hiddenSize);
    config.put("num_hidden_layers", metadata.neededWhole(key("block_count")));
    config.put("intermediate_size", metadata.neededUniform(key("feed_forward_length")));
    config.put("max_position_embeddings", metadata.neededWhole(key("context_length")));
    config.put("num_attention_heads", heads.queryHeads());
    config.put("num_key_value_heads", heads.kvHeads());
    config.put("head_dim", headDim());
    metadata
        .number(key("attention.layer_norm_rms_epsilon"))
        .ifPresent(epsilon -> config.put("rms_norm_eps", shortest(epsilon)));
    tensor("token_embd.weight")
        .filter(table -> table.shape().size() == 2)
        .ifPresent(table -> config.put("vocab_size", table.shape().get(0)));
    config.put("tie_word_embeddings", tensor("output.weight").isEmpty());
  }

  private long headDim() {
    OptionalLong keyLength = metadata.whole(key("attention.key_length"));
    OptionalLong valueLength = metadata.whole(key("attention.value_length"));
    long headDim =
        keyLength.orElseGet(
            () -> metadata.neededWhole(key("embedding_length")) / heads.queryHeads());
    if (valueLength.isPresent() && valueLength.getAsLong() != headDim) {
      throw metadata.error(
          key("attention.value_length"),
          "is " + valueLength.getAsLong() + ", and Quern needs that of the keys, " + headDim);
    }
    return headDim;
  }

  private void addBiases() {
    if (!architecture.family().equals("Qwen2ForCausalLM")) {
      config.put("attention_bias", tensor("blk.0.attn_q.bias").isPresent());
    }
    config.put("mlp_bias", tensor("blk.0.ffn_gate.bias").isPresent());
  }

  private void addWindow() {
    OptionalLong window = metadata.whole(key("attention.sliding_window"));
    if (window.orElse(0) > 0) {
      config.put("sliding_window", window.getAsLong());
    } else {
      config.putNull("sliding_window");
    }
  }

  private void addQwenExperts() {
    config.put("num_experts", metadata.neededWhole(key("expert_count")));
    config.put("num_experts_per_tok", metadata.neededWhole(key("expert_used_count")));
    config.put("moe_intermediate_size", metadata.neededWhole(key("expert_feed_forward_length")));
    config.put("decoder_sparse_step", 1);
    config.put("norm_topk_prob", true);
    config.putArray("mlp_only_layers");
  }

  private void addGemma2() {
    addQueryScale(GEMMA2_27B_LAYERS);
    addNumber("attn_logit_softcapping", "attn_logit_softcapping");
    addNumber("final_logit_softcapping", "final_logit_softcapping");
    metadata
        .whole(key("attention.sliding_window"))
        .ifPresent(window -> config.put("sliding_window", window));
  }

  private void addGemma3() {
    addQueryScale(GEMMA3_27B_LAYERS);
    addNumber("final_logit_softcapping", "final_logit_softcapping");
    config.put(
        "rope_local_base_freq",
        metadata.number(key("rope.freq_base_swa")).orElse(DEFAULT_ROPE_BASE));
    OptionalLong window = metadata.whole(key("attention.sliding_window"));
    if (window.orElse(0) == 0) {
      config.put("sliding_window_pattern", EVERY_LAYER_SEES_ALL);
      return;
    }
    config.put("sliding_window", window.getAsLong());
    String pattern = key("attention.sliding_window_pattern");
    if (metadata.isList(pattern)) {
      addLayerTypes(metadata.numbers(pattern).orElseThrow());
    } else {
      config.put("sliding_window_pattern", metadata.whole(pattern).orElse(GEMMA3_PATTERN));
    }
  }

  /** A flag for each layer: whether it sees a window alone. */
  private void addLayerTypes(GgufValue.Numbers windowed) {
    ArrayNode types = config.putArray("layer_types");
    for (int layer = 0; layer < windowed.size(); layer++) {
      types.add(windowed.whole(layer) != 0 ? "sliding_attention" : "full_attention");
    }
  }

  private void addQueryScale(int layersOfLargest) {
    boolean largest = metadata.neededWhole(key("block_count")) == layersOfLargest;
    long hiddenSize = metadata.neededWhole(key("embedding_length"));
    config.put("query_pre_attn_scalar", largest ? hiddenSize / heads.queryHeads() : headDim());
  }

  private void addNumber(String from, String to) {
    OptionalDouble number = metadata.number(key(from));
    if (number.isPresent() && number.getAsDouble() > 0) {
      config.put(to, shortest(number.getAsDouble()));
    }
  }

  private Optional<TensorEntry> tensor(String name) {
    return file.tensors().stream().filter(tensor -> tensor.name().equals(name)).findFirst();
  }

  private String key(String name) {
    return architecture.name() + "." + name;
  }

  /** An fp32 as the decimal that it was written from: 1e-6 and not 9.99999997e-7. */
  static double shortest(double value) {
    return (float) value == value ? Double.parseDouble(Float.toString((float) value)) : value;
  }
}

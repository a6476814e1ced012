package dev.quern.store.gguf;

import dev.quern.store.Names;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What llama.cpp's converter does to a family: what it calls it and its tensors, and what it
 * changes in them.
 *
 * @param name llama.cpp's, and the prefix of its metadata keys
 * @param family the class in Hugging Face's {@code config.json}
 * @param interleavedHeads whether rows of query and key projections are stored in rotated pairs
 * @param shiftedNorms whether 1 has been added to the factors of norms, which the family adds
 *     itself
 * @param layerNames llama.cpp's name within a layer to Hugging Face's
 */
record GgufArchitecture(
    String name,
    String family,
    boolean interleavedHeads,
    boolean shiftedNorms,
    Map<String, String> layerNames) {
  private static final String KEY = "general.architecture";

  private static final Map<String, String> PRE_NORM =
      Map.ofEntries(
          Map.entry("attn_norm", "input_layernorm"),
          Map.entry("attn_q", "self_attn.q_proj"),
          Map.entry("attn_k", "self_attn.k_proj"),
          Map.entry("attn_v", "self_attn.v_proj"),
          Map.entry("attn_output", "self_attn.o_proj"),
          Map.entry("attn_q_norm", "self_attn.q_norm"),
          Map.entry("attn_k_norm", "self_attn.k_norm"),
          Map.entry("ffn_norm", "post_attention_layernorm"),
          Map.entry("ffn_gate", "mlp.gate_proj"),
          Map.entry("ffn_up", "mlp.up_proj"),
          Map.entry("ffn_down", "mlp.down_proj"));

  private static final Map<String, String> GEMMA =
      with(
          PRE_NORM,
          Map.of(
              "post_attention_norm", "post_attention_layernorm",
              "ffn_norm", "pre_feedforward_layernorm",
              "post_ffw_norm", "post_feedforward_layernorm"));

  private static final Map<String, String> PHI3 =
      with(PRE_NORM, Map.of("attn_qkv", "self_attn.qkv_proj", "ffn_up", "mlp.gate_up_proj"));

  private static final Map<String, String> MIXTRAL =
      with(
          PRE_NORM,
          Map.of(
              "ffn_gate_inp", "block_sparse_moe.gate",
              "ffn_gate_exps", "block_sparse_moe.experts.*.w1",
              "ffn_up_exps", "block_sparse_moe.experts.*.w3",
              "ffn_down_exps", "block_sparse_moe.experts.*.w2"));

  private static final Map<String, String> QWEN3_MOE =
      with(
          PRE_NORM,
          Map.of(
              "ffn_gate_inp", "mlp.gate",
              "ffn_gate_exps", "mlp.experts.*.gate_proj",
              "ffn_up_exps", "mlp.experts.*.up_proj",
              "ffn_down_exps", "mlp.experts.*.down_proj"));

  GgufArchitecture {
    layerNames = Map.copyOf(layerNames);
  }

  /**
   * The architecture that a file's metadata names.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST if it names none, or one that is not read
   */
  static GgufArchitecture of(GgufFile file) {
    GgufMetadata metadata = file.metadata();
    String name =
        metadata
            .text(KEY)
            .orElseThrow(() -> metadata.error(KEY, "is missing: this file holds no model"));
    return switch (name) {
      case "llama" -> llama(metadata);
      case "qwen2" -> new GgufArchitecture(name, "Qwen2ForCausalLM", false, false, PRE_NORM);
      case "qwen3" -> new GgufArchitecture(name, "Qwen3ForCausalLM", false, false, PRE_NORM);
      case "qwen3moe" -> new GgufArchitecture(name, "Qwen3MoeForCausalLM", false, false, QWEN3_MOE);
      case "gemma2" -> new GgufArchitecture(name, "Gemma2ForCausalLM", false, true, GEMMA);
      case "gemma3" -> new GgufArchitecture(name, "Gemma3ForCausalLM", false, true, GEMMA);
      case "phi3" -> new GgufArchitecture(name, "Phi3ForCausalLM", false, false, PHI3);
      default ->
          throw metadata.error(
              KEY,
              "is '"
                  + Names.quoted(name)
                  + "', which Quern does not read from GGUF: llama (Mistral and Mixtral too),"
                  + " qwen2, qwen3, qwen3moe, gemma2, gemma3 and phi3 are; try the model's"
                  + " safetensors");
    };
  }

  /** llama.cpp has one name for Llama, Mistral and Mixtral. */
  private static GgufArchitecture llama(GgufMetadata metadata) {
    if (metadata.whole("llama.expert_count").orElse(0) > 0) {
      return new GgufArchitecture("llama", "MixtralForCausalLM", true, false, MIXTRAL);
    }
    boolean window = metadata.whole("llama.attention.sliding_window").orElse(0) > 0;
    String family = window ? "MistralForCausalLM" : "LlamaForCausalLM";
    return new GgufArchitecture("llama", family, true, false, PRE_NORM);
  }

  /** Hugging Face's name of what llama.cpp calls {@code name} within a layer. */
  Optional<String> layerName(String tensor) {
    return Optional.ofNullable(layerNames.get(tensor));
  }

  private static Map<String, String> with(Map<String, String> base, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(base);
    all.putAll(more);
    return Map.copyOf(all);
  }
}

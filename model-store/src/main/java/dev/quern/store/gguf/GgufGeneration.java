package dev.quern.store.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A {@code generation_config.json} made from a GGUF file's metadata. */
final class GgufGeneration {
  private static final List<String> END_KEYS =
      List.of(
          "tokenizer.ggml.eos_token_id",
          "tokenizer.ggml.eot_token_id",
          "tokenizer.ggml.eom_token_id");

  /**
   * Tokens that end a turn in every family that has them. Many files name only the end of text, and
   * llama.cpp looks for these, too.
   */
  private static final Set<String> ENDS_OF_TURN =
      Set.of("<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>");

  /** The recommended sampling, under transformers' names. */
  private static final Map<String, String> SAMPLING =
      Map.of(
          "general.sampling.temp", "temperature",
          "general.sampling.top_k", "top_k",
          "general.sampling.top_p", "top_p",
          "general.sampling.min_p", "min_p",
          "general.sampling.penalty_repeat", "repetition_penalty");

  private GgufGeneration() {}

  static JsonNode config(GgufMetadata metadata) {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    Set<Long> ends = new TreeSet<>();
    for (String key : END_KEYS) {
      metadata.whole(key).ifPresent(ends::add);
    }
    addEndsOfTurn(metadata, ends);
    if (!ends.isEmpty()) {
      ArrayNode ids = config.putArray("eos_token_id");
      ends.forEach(ids::add);
    }
    SAMPLING.forEach(
        (from, to) -> metadata.number(from).ifPresent(x -> config.put(to, GgufConfig.shortest(x))));
    return config;
  }

  private static void addEndsOfTurn(GgufMetadata metadata, Set<Long> ends) {
    Optional<List<String>> tokens = metadata.texts(GgufVocabulary.TOKENS);
    Optional<GgufValue.Numbers> types = metadata.numbers(GgufVocabulary.TYPES);
    if (tokens.isEmpty() || types.isEmpty()) {
      return;
    }
    int known = Math.min(tokens.get().size(), types.get().size());
    for (int id = 0; id < known; id++) {
      if (types.get().whole(id) == GgufVocabulary.CONTROL
          && ENDS_OF_TURN.contains(tokens.get().get(id))) {
        ends.add((long) id);
      }
    }
  }
}

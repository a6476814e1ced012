package dev.quern.engine.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quern.store.Checkpoint;
import dev.quern.store.QuernException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The ids that end a sequence, as a checkpoint states them. */
final class EndOfSequence {
  private static final String KEY = "eos_token_id";

  private EndOfSequence() {}

  /**
   * {@code eos_token_id} of generation_config.json, else of config.json: one id or a list.
   *
   * @throws QuernException BAD_REQUEST when it is neither
   */
  static Set<Integer> of(Checkpoint checkpoint) {
    Optional<JsonNode> generation =
        checkpoint.generationConfig().map(config -> config.path(KEY)).filter(EndOfSequence::given);
    Optional<JsonNode> model =
        Optional.of(checkpoint.config().path(KEY)).filter(EndOfSequence::given);
    Set<Integer> ids = new TreeSet<>();
    generation.or(() -> model).ifPresent(node -> collect(checkpoint, node, ids));
    return Set.copyOf(ids);
  }

  private static boolean given(JsonNode node) {
    return !node.isMissingNode() && !node.isNull();
  }

  private static void collect(Checkpoint checkpoint, JsonNode node, Set<Integer> ids) {
    if (node.canConvertToInt() && node.isIntegralNumber()) {
      ids.add(node.intValue());
    } else if (node.isArray()) {
      node.forEach(element -> collect(checkpoint, element, ids));
    } else {
      throw QuernException.badRequest(
          KEY,
          KEY
              + " of generation_config.json or "
              + checkpoint.configFile()
              + " is "
              + node
              + ", not a token id or a list of them; correct the file");
    }
  }
}

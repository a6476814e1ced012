package dev.quern.supplier.http.openai;

import dev.quern.engine.generate.FinishReason;
import java.util.List;
import java.util.Optional;

/**
 * What one choice has gained since the last delta; of a whole answer, everything.
 *
 * @param scores empty list: no token scored in this delta; absent: not asked for
 * @param textOffset chars of scored tokens in earlier deltas
 * @param tokenIds absent: not asked for
 * @param promptTokenIds in the first delta of a choice, when asked for
 * @param promptScores once a choice, when asked for; an echoed prompt's scores lead {@code scores}
 * @param finish in the last delta
 */
public record ChoiceDelta(
    int index,
    String text,
    Optional<List<ScoredToken>> scores,
    int textOffset,
    Optional<List<Integer>> tokenIds,
    Optional<List<Integer>> promptTokenIds,
    Optional<List<ScoredToken>> promptScores,
    Optional<FinishReason> finish) {

  static String name(FinishReason reason) {
    return switch (reason) {
      case STOP -> "stop";
      case LENGTH -> "length";
      case CANCELLED -> "abort";
    };
  }
}

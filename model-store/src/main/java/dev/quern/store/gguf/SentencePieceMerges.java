package dev.quern.store.gguf;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Merges in order of preference that do what SentencePiece's BPE does by scores: of all neighbours
 * whose union is a token, it merges those of the best score. Every way to cut a token in two tokens
 * is a merge; that with the better score goes first, which gives the same result wherever scores
 * differ.
 */
final class SentencePieceMerges {
  /**
   * Longer tokens are runs of one letter; cutting them takes time by the square of their length.
   */
  private static final int MAX_LETTERS = 512;

  private SentencePieceMerges() {}

  record Merge(String left, String right, double score, int leftId, int rightId) {}

  /** All merges of the vocabulary's ordinary tokens, first to be done first. */
  static List<Merge> of(GgufVocabulary vocabulary) {
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < vocabulary.size(); id++) {
      if (merges(vocabulary.type(id))) {
        ids.put(vocabulary.token(id), id);
      }
    }
    GgufValue.Numbers scores = vocabulary.scores();
    List<Merge> merges = new ArrayList<>();
    for (Map.Entry<String, Integer> token : ids.entrySet()) {
      addCuts(token.getKey(), scores.real(token.getValue()), ids, merges);
    }
    // As the converters of transformers order them: the score, then the longer parts.
    merges.sort(
        Comparator.comparingDouble(Merge::score)
            .thenComparingInt(merge -> letters(merge.left()))
            .thenComparingInt(merge -> letters(merge.right()))
            .reversed()
            .thenComparingInt(Merge::leftId)
            .thenComparingInt(Merge::rightId));
    return merges;
  }

  /** Bytes, controls and user-defined tokens are never made by merging. */
  private static boolean merges(int type) {
    return type == 1 || type == 5;
  }

  private static void addCuts(
      String token, double score, Map<String, Integer> ids, List<Merge> merges) {
    if (token.length() > MAX_LETTERS) {
      return;
    }
    for (int cut = 1; cut < token.length(); cut++) {
      if (Character.isLowSurrogate(token.charAt(cut))) {
        continue;
      }
      Integer left = ids.get(token.substring(0, cut));
      Integer right = left == null ? null : ids.get(token.substring(cut));
      if (left != null && right != null) {
        merges.add(new Merge(token.substring(0, cut), token.substring(cut), score, left, right));
      }
    }
  }

  private static int letters(String token) {
    return token.codePointCount(0, token.length());
  }
}

package dev.quern.engine.generate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Which tokens a growing context holds, and how often each occurs in its output. */
final class TokenCounts {
  /** Place of each token in {@link #tokens}. */
  private final Map<Integer, Integer> places = new HashMap<>();

  private int[] tokens = new int[64];
  private int[] outputCounts = new int[64];
  private int size;

  /** Leading tokens of the context that are counted. */
  private int counted;

  /**
   * An empty count.
   *
   * @param from leading tokens that are left out
   */
  TokenCounts(int from) {
    counted = from;
  }

  /** Counts what has come since the last call. */
  void catchUp(int[] context, int length, int promptLength) {
    for (; counted < length; counted++) {
      int place = places.computeIfAbsent(context[counted], this::add);
      outputCounts[place] += counted < promptLength ? 0 : 1;
    }
  }

  private int add(int token) {
    if (size == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * size);
      outputCounts = Arrays.copyOf(outputCounts, 2 * size);
    }
    tokens[size] = token;
    return size++;
  }

  /** The tokens, each once. */
  int[] tokens() {
    return Arrays.copyOf(tokens, size);
  }

  /** How often each of {@link #tokens()} occurs in the output. */
  int[] outputCounts() {
    return Arrays.copyOf(outputCounts, size);
  }
}

package dev.quern.engine.embed;

import java.util.Arrays;

/**
 * What came of a request.
 *
 * @param rows {@code [texts][outputSize]}: vectors, or raw class scores
 * @param tokens {@code [texts]}: how many the model read for each
 */
public record EncodingResult(float[][] rows, int[] tokens, Times times) {
  /**
   * Where the time went, in nanoseconds.
   *
   * @param tokenising from arrival until the last text was tokens
   * @param queued from the first tokens until a pass took some of them
   * @param inference from the first pass with some of them to the end of the last
   * @param total from arrival to the end of the last pass
   */
  public record Times(long tokenising, long queued, long inference, long total) {}

  /** Tokens of all texts. */
  public int totalTokens() {
    return Arrays.stream(tokens).sum();
  }
}

package dev.quern.engine.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Divides the inputs of a pass among a device's lanes. */
final class InputShares {
  /**
   * Each lane reads all weights by itself: with fewer tokens memory rather than arithmetic would
   * bound many lanes at once.
   */
  static final int LEAST_TOKENS = 128;

  /** By how much the largest share may be above the mean: beyond, the other lanes wait too long. */
  private static final double MOST_UNEVEN = 1.2;

  private InputShares() {}

  /**
   * Shares of like size, the longest inputs given out first; empty when all is better computed by
   * the whole device at once: too little, or too uneven.
   *
   * @return for each lane which inputs are its
   */
  static List<int[]> of(List<EncoderInput> inputs, int lanes) {
    long total = inputs.stream().mapToLong(EncoderInput::length).sum();
    if (lanes < 2 || inputs.size() < lanes || total < (long) LEAST_TOKENS * lanes) {
      return List.of();
    }
    List<List<Integer>> shares = new ArrayList<>();
    for (int lane = 0; lane < lanes; lane++) {
      shares.add(new ArrayList<>());
    }
    long[] tokens = new long[lanes];
    IntStream.range(0, inputs.size())
        .boxed()
        .sorted(Comparator.comparingInt((Integer i) -> inputs.get(i).length()).reversed())
        .forEach(
            input -> {
              int least = least(tokens);
              shares.get(least).add(input);
              tokens[least] += inputs.get(input).length();
            });
    boolean even = Arrays.stream(tokens).max().orElseThrow() * lanes <= MOST_UNEVEN * total;
    return even
        ? shares.stream()
            .map(share -> share.stream().mapToInt(Integer::intValue).toArray())
            .toList()
        : List.of();
  }

  private static int least(long[] tokens) {
    int least = 0;
    for (int lane = 1; lane < tokens.length; lane++) {
      if (tokens[lane] < tokens[least]) {
        least = lane;
      }
    }
    return least;
  }
}

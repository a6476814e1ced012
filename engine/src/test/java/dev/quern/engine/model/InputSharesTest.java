package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who computes what where passes go side by side. */
class InputSharesTest {
  @Test
  void everyInputIsInOneShareAndSharesAreAlike() {
    Random random = new Random(3);
    for (int lanes : new int[] {2, 3, 8}) {
      List<EncoderInput> inputs = new ArrayList<>();
      long total = 0;
      for (int i = 0; i < 100; i++) {
        inputs.add(input(1 + random.nextInt(60)));
        total += inputs.get(i).length();
      }
      List<int[]> shares = InputShares.of(inputs, lanes);
      assertEquals(lanes, shares.size());
      assertEquals(
          IntStream.range(0, 100).boxed().toList(),
          shares.stream().flatMapToInt(Arrays::stream).sorted().boxed().toList());
      for (int[] share : shares) {
        long tokens = Arrays.stream(share).mapToLong(i -> inputs.get(i).length()).sum();
        assertTrue(Math.abs(tokens * lanes - total) <= 60L * lanes, tokens + " of " + total);
      }
    }
  }

  @Test
  void whatIsLittleOrUnevenIsForTheWholeDevice() {
    int enough = InputShares.LEAST_TOKENS;
    assertEquals(2, InputShares.of(List.of(input(enough), input(enough)), 2).size());
    assertEquals(List.of(), InputShares.of(List.of(input(enough), input(enough)), 1));
    assertEquals(List.of(), InputShares.of(List.of(input(2 * enough)), 2));
    assertEquals(List.of(), InputShares.of(List.of(input(enough), input(enough - 1)), 2));
    assertEquals(List.of(), InputShares.of(List.of(input(enough), input(2 * enough)), 2));
  }

  private static EncoderInput input(int tokens) {
    return EncoderInput.of(new int[tokens]);
  }
}

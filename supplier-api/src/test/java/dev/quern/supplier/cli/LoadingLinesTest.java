package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoadingLinesTest {
  private static final long GIGA = 1_000_000_000;

  private final List<String> lines = new ArrayList<>();
  private final LoadingLines progress = new LoadingLines("llama", lines::add);

  @Test
  void everyTenthOfALargeModelIsSaidOnce() {
    for (long bytes = 0; bytes <= 16 * GIGA; bytes += GIGA / 10) {
      progress.loaded(bytes, 16 * GIGA);
    }
    assertEquals(9, lines.size(), lines::toString);
    assertEquals("Loading llama: 10 % of 16 GB", lines.getFirst());
    assertEquals("Loading llama: 90 % of 16 GB", lines.getLast());
  }

  @Test
  void itIsSaidAgainWhenTheModelIsLoadedAgain() {
    for (int load = 0; load < 2; load++) {
      progress.loaded(GIGA, 4 * GIGA);
      progress.loaded(3 * GIGA, 4 * GIGA);
      progress.loaded(4 * GIGA, 4 * GIGA);
    }
    assertEquals(
        List.of(
            "Loading llama: 20 % of 4.0 GB",
            "Loading llama: 70 % of 4.0 GB",
            "Loading llama: 20 % of 4.0 GB",
            "Loading llama: 70 % of 4.0 GB"),
        lines);
  }

  @Test
  void whatWasChosenIsSaidOfAny() {
    progress.remark("computing in fp32");
    assertEquals(List.of("Loading llama: computing in fp32"), lines);
  }

  @Test
  void nothingIsSaidOfASmallOne() {
    progress.loaded(GIGA / 2, GIGA);
    assertEquals(List.of(), lines);
  }
}

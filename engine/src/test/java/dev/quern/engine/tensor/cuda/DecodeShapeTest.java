package dev.quern.engine.tensor.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.quern.engine.tensor.ForwardBatch;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DecodeShapeTest {
  @Test
  void rowsArePaddedToFewSizes() {
    int[] sizes =
        IntStream.rangeClosed(1, DecodeShape.MOST_ROWS)
            .map(rows -> shape(decode(rows, 1)).rows())
            .distinct()
            .toArray();
    assertArrayEquals(
        new int[] {
          1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
          480, 512
        },
        sizes);
    for (int rows = 1; rows <= DecodeShape.MOST_ROWS; rows++) {
      int padded = shape(decode(rows, 1)).rows();
      // No product takes another kernel than without padding.
      assertEquals(rows <= 8, padded <= 8);
    }
  }

  @Test
  void contextsDoubleFrom256() {
    assertEquals(
        List.of(256, 256, 512, 512, 1024, 131_072),
        IntStream.of(1, 256, 257, 512, 513, 100_000)
            .mapToObj(context -> shape(decode(3, context)).context())
            .toList());
    assertEquals(64, shape(decode(1, 513)).tableWidth(16));
  }

  @Test
  void otherBatchesHaveNoShape() {
    assertNull(DecodeShape.of(decode(DecodeShape.MOST_ROWS + 1, 1)));
    ForwardBatch chunk =
        new ForwardBatch(
            new int[3],
            new int[3],
            new int[3],
            new int[] {0, 1, 3},
            new int[] {1, 2},
            new int[2][1],
            new int[] {0, 2});
    assertNull(DecodeShape.of(chunk));
    ForwardBatch unwanted =
        new ForwardBatch(
            new int[1],
            new int[1],
            new int[1],
            new int[] {0, 1},
            new int[] {1},
            new int[1][1],
            new int[0]);
    assertNull(DecodeShape.of(unwanted));
  }

  @Test
  void paddingIsCachedNowhereAndSeesNothing() {
    ForwardBatch batch = decode(3, 20);
    ForwardBatch padded = shape(batch).pad(batch);
    assertArrayEquals(new int[] {0, 1, 2, 0}, padded.tokenIds());
    assertArrayEquals(new int[] {0, 16, 32, -1}, padded.slots());
    assertArrayEquals(new int[] {0, 1, 2, 3, 4}, padded.queryStarts());
    assertArrayEquals(new int[] {20, 20, 20, 0}, padded.contextLengths());
    assertArrayEquals(new int[] {0, 1, 2, 3}, padded.logitRows());
    BatchNumbers numbers = BatchNumbers.of(padded, 32);
    assertArrayEquals(new int[] {20, 20, 20, 0}, numbers.rowLengths());
    assertEquals(5 * 4 + 5 + 4 + 4 * 32 + 4, numbers.packed().length);
  }

  private static DecodeShape shape(ForwardBatch batch) {
    return Objects.requireNonNull(DecodeShape.of(batch));
  }

  /** One token, numbered, of each of so many sequences. */
  private static ForwardBatch decode(int sequences, int context) {
    int[] numbers = IntStream.range(0, sequences).toArray();
    int[] positions = new int[sequences];
    Arrays.fill(positions, context - 1);
    int[] contexts = new int[sequences];
    Arrays.fill(contexts, context);
    return new ForwardBatch(
        numbers,
        positions,
        Arrays.stream(numbers).map(s -> 16 * s).toArray(),
        IntStream.rangeClosed(0, sequences).toArray(),
        contexts,
        new int[sequences][(context + 15) / 16],
        numbers);
  }
}

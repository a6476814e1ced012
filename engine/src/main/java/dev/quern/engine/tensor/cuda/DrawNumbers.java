package dev.quern.engine.tensor.cuda;

import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.Draws;
import java.util.List;

/**
 * What is wanted of each row as one array of 4-byte numbers, so that one copy brings it to the
 * device. Sizes, floats as their bits:
 *
 * <pre>
 *   temperatures [rows], minPs [rows], topKs [rows], topPs [rows], uniforms [rows], tokens [rows],
 *   restricted [rows], penalties [rows, 3], starts [rows + 1], ids [entries], counts [entries],
 *   biases [entries]
 * </pre>
 *
 * Tokens are those of rows that score a known one. The others are as {@code SamplingKernels} has
 * them.
 */
record DrawNumbers(int rows, int entries, int[] packed) {
  /** Arrays of {@code [rows]}, the three penalties being three of them. */
  static final int COLUMNS = 10;

  /**
   * Kernels take lower ones for greedy; dividing by this leaves ties of the largest logit alone.
   */
  private static final double LEAST_TEMPERATURE = 1e-5;

  /** Far above this the quotients are all zero, and products with it would not be finite. */
  private static final double MOST_TEMPERATURE = 1e30;

  /**
   * The greatest fp32 below 1: a number nearer to 1 would be rounded to it and lie past the end.
   */
  private static final float MOST_UNIFORM = Math.nextDown(1f);

  static DrawNumbers of(Draws draws, LogitEntries entries) {
    List<Draw> all = draws.rows();
    int rows = all.size();
    int[] starts = new int[rows + 1];
    entries.clear();
    for (int row = 0; row < rows; row++) {
      if (all.get(row) instanceof Draw.Choice choice) {
        entries.add(choice.changes());
      }
      starts[row + 1] = entries.size();
    }
    int[] packed = new int[COLUMNS * rows + starts.length + 3 * entries.size()];
    for (int row = 0; row < rows; row++) {
      switch (all.get(row)) {
        case Draw.Score score -> packed[5 * rows + row] = score.token();
        case Draw.Choice choice -> put(choice, packed, rows, row);
      }
    }
    System.arraycopy(starts, 0, packed, COLUMNS * rows, starts.length);
    entries.copyTo(packed, COLUMNS * rows + starts.length);
    return new DrawNumbers(rows, entries.size(), packed);
  }

  private static void put(Draw.Choice choice, int[] packed, int rows, int row) {
    double temperature =
        choice.isGreedy()
            ? 0
            : Math.clamp(choice.temperature(), LEAST_TEMPERATURE, MOST_TEMPERATURE);
    packed[row] = bits(temperature);
    packed[rows + row] = bits(choice.minP());
    packed[2 * rows + row] = choice.topK();
    packed[3 * rows + row] = bits(choice.topP());
    packed[4 * rows + row] = bits(Math.min(choice.uniform(), MOST_UNIFORM));
    packed[6 * rows + row] = choice.changes().allowed().length > 0 ? 1 : 0;
    int penalties = 7 * rows + 3 * row;
    packed[penalties] = bits(choice.changes().penalties().repetition());
    packed[penalties + 1] = bits(choice.changes().penalties().presence());
    packed[penalties + 2] = bits(choice.changes().penalties().frequency());
  }

  private static int bits(double value) {
    return Float.floatToRawIntBits((float) value);
  }
}

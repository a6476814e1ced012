package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.SamplingKernels;

/** {@link DrawNumbers} on the device, by stretches of rows. */
record DrawBuffers(DeviceBuffer whole, int rows, int entries) {
  static DrawBuffers of(DrawNumbers numbers, DeviceBuffer whole) {
    return new DrawBuffers(whole, numbers.rows(), numbers.entries());
  }

  DeviceBuffer tokens() {
    return column(5, 0, rows);
  }

  SamplingKernels.Draws draws(int first, int count) {
    return new SamplingKernels.Draws(
        column(0, first, count),
        column(1, first, count),
        column(2, first, count),
        column(3, first, count),
        column(4, first, count));
  }

  /** Starts count from the first entry of all, so the lists are those of all rows. */
  SamplingKernels.Adjustments adjustments(int first, int count) {
    int starts = DrawNumbers.COLUMNS * rows;
    int lists = starts + rows + 1;
    return new SamplingKernels.Adjustments(
        part(starts + first, count + 1),
        part(lists, entries),
        part(lists + entries, entries),
        part(lists + 2 * entries, entries),
        column(6, first, count),
        part(7 * rows + 3 * first, 3 * count),
        entries);
  }

  private DeviceBuffer column(int column, int first, int count) {
    return part(column * rows + first, count);
  }

  private DeviceBuffer part(int first, int count) {
    return whole.slice((long) first * Integer.BYTES, (long) count * Integer.BYTES);
  }
}

package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.SamplingKernels;
import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.Draws;
import java.util.List;

/**
 * What a draw gives, as one stretch of 4-byte numbers, so that one copy brings it to the host:
 *
 * <pre>
 *   ids [rows], chosen [scored], ranks [scored], topIds [scored, top], topLogprobs [scored, top]
 * </pre>
 *
 * Log-probabilities are computed from the first row that wants them to the last.
 *
 * @param firstScored the first of these rows
 * @param scored how many they are
 * @param top the most alternatives that any of them wants
 */
record DrawResults(int rows, int firstScored, int scored, int top) {
  static DrawResults of(Draws draws) {
    List<Draw> all = draws.rows();
    int first = 0;
    int end = 0;
    int top = 0;
    for (int row = 0; row < all.size(); row++) {
      int wanted = all.get(row).logprobs();
      if (wanted >= 0) {
        first = end == 0 ? row : first;
        end = row + 1;
        top = Math.max(top, wanted);
      }
    }
    return new DrawResults(all.size(), first, end - first, top);
  }

  long bytes() {
    return Integer.BYTES * (rows + 2L * scored + 2L * scored * top);
  }

  /** Index of the number in the stretch. */
  int chosen(int row) {
    return rows + row - firstScored;
  }

  int rank(int row) {
    return chosen(row) + scored;
  }

  int topId(int row, int place) {
    return rows + 2 * scored + (row - firstScored) * top + place;
  }

  int topLogprob(int row, int place) {
    return topId(row, place) + scored * top;
  }

  DeviceBuffer ids(DeviceBuffer whole, int first, int count) {
    return whole.slice((long) first * Integer.BYTES, (long) count * Integer.BYTES);
  }

  SamplingKernels.LogProbabilities logProbabilities(DeviceBuffer whole) {
    long rowBytes = (long) scored * Integer.BYTES;
    long at = (long) rows * Integer.BYTES;
    return new SamplingKernels.LogProbabilities(
        whole.slice(at, rowBytes),
        whole.slice(at + rowBytes, rowBytes),
        whole.slice(at + 2 * rowBytes, top * rowBytes),
        whole.slice(at + (2 + top) * rowBytes, top * rowBytes),
        top);
  }
}

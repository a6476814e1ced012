package dev.quern.engine.text.jinja;

import java.util.Iterator;
import java.util.stream.LongStream;

/** A range of integers, made as it is read. */
record RangeValue(long start, long stop, long step) {
  /** The sandbox of Jinja makes no longer ones. */
  static final int MAX_LENGTH = 100_000;

  RangeValue {
    if (step == 0) {
      throw new EvaluationError("range() arg 3 must not be zero");
    }
    if (length(start, stop, step) > MAX_LENGTH) {
      throw new EvaluationError(
          "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + MAX_LENGTH + ").");
    }
  }

  private static double length(long start, long stop, long step) {
    double distance = (double) stop - (double) start;
    return Math.max(0, Math.ceil(distance / (double) step));
  }

  int size() {
    return (int) length(start, stop, step);
  }

  long get(int index) {
    return start + index * step;
  }

  Iterator<Object> iterator() {
    return LongStream.range(0, size()).<Object>mapToObj(index -> start + index * step).iterator();
  }
}

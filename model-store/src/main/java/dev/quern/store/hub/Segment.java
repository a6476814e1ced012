package dev.quern.store.hub;

import java.util.List;

/**
 * A range of a file to be fetched by one request.
 *
 * @param start of its first byte
 * @param end after its last byte; equal to the start only where the whole file is empty
 */
record Segment(long start, long end) {
  Segment {
    if (start < 0 || end < start) {
      throw new IllegalArgumentException("segment from " + start + " to " + end);
    }
  }

  long length() {
    return end - start;
  }

  boolean isWhole(long size) {
    return start == 0 && end == size;
  }

  /** Adds the range from {@code start} to {@code end}, cut to pieces, to {@code target}. */
  static void split(long start, long end, long most, List<Segment> target) {
    for (long from = start; from < end; from += most) {
      target.add(new Segment(from, Math.min(end, from + most)));
    }
  }
}

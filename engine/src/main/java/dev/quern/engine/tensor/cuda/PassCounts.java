package dev.quern.engine.tensor.cuda;

import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** How models' passes were queued so far. Any thread may read. */
final class PassCounts {
  /** Launch by launch. */
  final LongAdder kernels = new LongAdder();

  /** As a graph that was recorded for this pass. */
  final LongAdder recorded = new LongAdder();

  /** As a graph that was there. */
  final LongAdder replayed = new LongAdder();

  Map<String, Long> byName() {
    return Map.of("kernels", kernels.sum(), "recorded", recorded.sum(), "replayed", replayed.sum());
  }
}

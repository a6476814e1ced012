package dev.quern.engine.generate;

import java.util.ArrayList;
import java.util.List;

/**
 * What one step computes: each sequence's next {@link Sequence#chunk} tokens. One object, filled
 * anew each step.
 */
final class StepPlan {
  /** Sequences of the step; their chunks add up to {@link #tokens}. */
  final List<Sequence> sequences = new ArrayList<>();

  /** Those of them that had never been scheduled before. */
  final List<Sequence> started = new ArrayList<>();

  /** Waiting sequences that are out of time; no longer the scheduler's. */
  final List<Sequence> expired = new ArrayList<>();

  int tokens;

  void clear() {
    sequences.clear();
    started.clear();
    expired.clear();
    tokens = 0;
  }

  void add(Sequence sequence, int chunk) {
    sequence.chunk = chunk;
    sequences.add(sequence);
    tokens += chunk;
  }

  /** Leaves out sequences that ended after they were planned. */
  void dropEnded() {
    if (sequences.removeIf(sequence -> sequence.state == Sequence.State.ENDED)) {
      tokens = 0;
      for (Sequence sequence : sequences) {
        tokens += sequence.chunk;
      }
    }
  }
}

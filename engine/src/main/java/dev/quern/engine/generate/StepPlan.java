package dev.quern.engine.generate;

import java.util.ArrayList;
import java.util.List;

/** What one step computes: the next tokens of some sequences, each of them once. */
final class StepPlan {
  final List<Chunk> chunks = new ArrayList<>();

  /** Sequences that had never been scheduled before. */
  final List<Sequence> started = new ArrayList<>();

  /** Waiting sequences that are out of time; no longer the scheduler's. */
  final List<Sequence> expired = new ArrayList<>();

  boolean isEmpty() {
    return chunks.isEmpty();
  }

  /** Tokens of all chunks. */
  int tokens() {
    int tokens = 0;
    for (Chunk chunk : chunks) {
      tokens += chunk.length();
    }
    return tokens;
  }

  /** Leaves out sequences that ended after they were planned. */
  void dropEnded() {
    chunks.removeIf(chunk -> chunk.sequence().state == Sequence.State.ENDED);
  }
}

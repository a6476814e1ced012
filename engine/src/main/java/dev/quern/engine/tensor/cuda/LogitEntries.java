package dev.quern.engine.tensor.cuda;

import dev.quern.engine.tensor.LogitChanges;
import java.util.Arrays;

/**
 * Changes of rows of logits as lists of tokens, each once a row, as the kernel wants them: what
 * {@code LogitChanger} does one after another is one entry here. Reused; not safe for threads.
 */
final class LogitEntries {
  /** Neither prompt nor output have the token. */
  private static final int NOT_SEEN = -1;

  /** By token: its entry in the row in the making, from 1; 0 is none. */
  private int[] places = new int[0];

  private int[] ids = new int[64];
  private int[] counts = new int[64];
  private float[] biases = new float[64];
  private int size;

  void clear() {
    size = 0;
  }

  /** Entries of all rows so far. */
  int size() {
    return size;
  }

  /** Makes room for the tokens of a vocabulary. */
  void reach(int vocabularySize) {
    if (places.length < vocabularySize) {
      places = new int[vocabularySize];
    }
  }

  /**
   * Adds a row's entries. Where only some tokens are allowed, those without an entry are not, so
   * that biases and penalties of others would change nothing.
   */
  void add(LogitChanges changes) {
    int first = size;
    try {
      boolean restricted = changes.allowed().length > 0;
      for (int id : changes.allowed()) {
        entry(id);
      }
      for (int id : changes.forbidden()) {
        int entry = entry(id);
        biases[entry] = Float.NEGATIVE_INFINITY;
      }
      for (int i = 0; i < changes.biased().length; i++) {
        int id = changes.biased()[i];
        if (!restricted || places[id] > 0) {
          int entry = entry(id);
          biases[entry] += changes.biases()[i];
        }
      }
      LogitChanges.Penalties penalties = changes.penalties();
      for (int i = 0; i < penalties.tokens().length; i++) {
        int id = penalties.tokens()[i];
        if (!restricted || places[id] > 0) {
          int entry = entry(id);
          counts[entry] = penalties.outputCounts()[i];
        }
      }
    } finally {
      for (int entry = first; entry < size; entry++) {
        places[ids[entry]] = 0;
      }
    }
  }

  /** The token's entry in this row, made if need be, which may give the lists new arrays. */
  private int entry(int id) {
    if (places[id] == 0) {
      if (size == ids.length) {
        ids = Arrays.copyOf(ids, 2 * size);
        counts = Arrays.copyOf(counts, 2 * size);
        biases = Arrays.copyOf(biases, 2 * size);
      }
      ids[size] = id;
      counts[size] = NOT_SEEN;
      biases[size] = 0;
      places[id] = ++size;
    }
    return places[id] - 1;
  }

  /** Writes all ids, then all counts, then the bits of all biases. */
  void copyTo(int[] packed, int at) {
    System.arraycopy(ids, 0, packed, at, size);
    System.arraycopy(counts, 0, packed, at + size, size);
    for (int i = 0; i < size; i++) {
      packed[at + 2 * size + i] = Float.floatToRawIntBits(biases[i]);
    }
  }
}

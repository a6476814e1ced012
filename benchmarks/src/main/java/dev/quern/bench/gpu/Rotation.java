package dev.quern.bench.gpu;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Several of a kind, used in turn. */
final class Rotation<T> {
  private final List<T> all;
  private int next;

  Rotation(int count, Supplier<T> maker) {
    all = Stream.generate(maker).limit(count).toList();
  }

  T next() {
    T chosen = all.get(next);
    next = (next + 1) % all.size();
    return chosen;
  }
}

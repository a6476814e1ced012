package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The owner of native values that die together. Nothing waits for the garbage collector: close
 * frees each value at once.
 */
final class TorchArena implements AutoCloseable {
  private final AtomicLong live;
  private final List<IValue> values = new ArrayList<>();
  private boolean closed;

  /**
   * @param live counts the values of all arenas of a backend
   */
  TorchArena(AtomicLong live) {
    this.live = live;
  }

  IValue keep(IValue value) {
    if (closed) {
      value.close();
      throw new IllegalStateException("this memory is closed");
    }
    values.add(value);
    live.incrementAndGet();
    return value;
  }

  /** Hands {@code value} to another owner; false where it is not this one's to give. */
  boolean giveUp(IValue value) {
    for (int i = values.size() - 1; i >= 0; i--) {
      if (values.get(i) == value) {
        values.remove(i);
        live.decrementAndGet();
        return true;
      }
    }
    return false;
  }

  TorchTensor tensor(IValue value, DType dtype, long... shape) {
    return new TorchTensor(keep(value), dtype, shape);
  }

  @Override
  public void close() {
    closed = true;
    live.addAndGet(-values.size());
    values.forEach(IValue::close);
    values.clear();
  }
}

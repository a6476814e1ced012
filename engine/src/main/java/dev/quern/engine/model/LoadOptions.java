package dev.quern.engine.model;

import dev.quern.engine.tensor.DType;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a checkpoint is to be loaded.
 *
 * @param dtype type of weights and activations; empty: chosen from the stored type
 * @param contextLength longest sequence the model will be given; the sizes of the rotary tables
 *     and, where scaling depends on the length, their frequencies follow from it; empty: the
 *     checkpoint's own
 * @param listener hears how far the loading is, and what was chosen
 */
public record LoadOptions(Optional<DType> dtype, OptionalInt contextLength, LoadListener listener) {
  public LoadOptions {
    if (dtype.isPresent() && !dtype.get().isFloating()) {
      throw new IllegalArgumentException("weights cannot be " + dtype.get());
    }
    if (contextLength.isPresent() && contextLength.getAsInt() < 1) {
      throw new IllegalArgumentException("context length " + contextLength.getAsInt());
    }
  }

  /** Everything as the checkpoint has it. */
  public static LoadOptions defaults() {
    return new LoadOptions(Optional.empty(), OptionalInt.empty(), bytes -> {});
  }

  public LoadOptions withDtype(DType chosen) {
    return new LoadOptions(Optional.of(chosen), contextLength, listener);
  }

  public LoadOptions withContextLength(int chosen) {
    return new LoadOptions(dtype, OptionalInt.of(chosen), listener);
  }
}

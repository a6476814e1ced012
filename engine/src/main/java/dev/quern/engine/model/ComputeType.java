package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.store.Checkpoint;
import dev.quern.store.StoredType;
import java.util.Map;
import java.util.Optional;

/**
 * The type a model is loaded and computes in where none is asked for: that of the checkpoint, where
 * the device is fast in it.
 *
 * @param remark what an operator should know of the choice, and the way to another one
 */
record ComputeType(DType dtype, Optional<String> remark) {
  /** What fp32 weights may take of the free memory: KV cache and steps come after them. */
  private static final double MOST_OF_MEMORY = 0.5;

  /** The choice for the type that most of the checkpoint is stored in. */
  static ComputeType of(Checkpoint checkpoint, Backend backend) {
    StoredType stored =
        checkpoint.types().entrySet().stream()
            .max(Map.Entry.comparingByValue())
            .map(Map.Entry::getKey)
            .orElse(StoredType.BF16);
    int bytes = backend.bytesPerWeight(DType.F32, stored);
    boolean fits = checkpoint.parameters() * bytes <= MOST_OF_MEMORY * backend.freeMemoryBytes();
    return of(stored, backend.isFastIn(DType.BF16), bytes < DType.F32.bytes(), fits);
  }

  /**
   * The choice.
   *
   * @param fastBf16 whether the device multiplies bf16 at least as fast as fp32
   * @param keptForFp32 whether models in fp32 keep the weights as they are stored
   * @param fitsFp32 whether there is memory for the weights in fp32
   */
  static ComputeType of(
      StoredType stored, boolean fastBf16, boolean keptForFp32, boolean fitsFp32) {
    return switch (stored) {
      case F32, F64 -> new ComputeType(DType.F32, Optional.empty());
      // Whatever is no number is refused tensor by tensor, by name.
      default -> {
        if (!fastBf16 && keptForFp32) {
          yield new ComputeType(
              DType.F32,
              Optional.of(
                  "computing in fp32 with the weights as they are stored, in 16 bits, since this"
                      + " processor lacks AVX-512; --dtype bf16 computes in bf16"));
        }
        if (!fastBf16 && fitsFp32) {
          yield new ComputeType(
              DType.F32,
              Optional.of(
                  "this processor multiplies bf16 slowly (it lacks AVX-512): loading the weights as"
                      + " fp32, which takes twice the memory; --dtype bf16 saves that"));
        }
        if (!fastBf16) {
          yield new ComputeType(
              DType.BF16,
              Optional.of(
                  "this processor multiplies bf16 slowly (it lacks AVX-512), and there is no memory"
                      + " for the weights in fp32, which would be faster: loading them as bf16"));
        }
        yield new ComputeType(DType.BF16, remarkOnFastBf16(stored));
      }
    };
  }

  private static Optional<String> remarkOnFastBf16(StoredType stored) {
    return stored == StoredType.F16
        ? Optional.of(
            "stored in fp16, which CPUs compute ten times slower than bf16: loading the weights as"
                + " bf16; --dtype fp32 keeps their precision, --dtype fp16 their type")
        : Optional.empty();
  }
}

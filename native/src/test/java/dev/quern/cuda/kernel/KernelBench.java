package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.PinnedArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What one kernel check works with: tensors on a device, each in an allocation of its own so that
 * the driver's guards stand right behind it, and comparisons with float64.
 */
final class KernelBench implements AutoCloseable {
  final CudaContext context;
  final CudaStream stream;
  final KernelModule module;
  final Random random;
  private final List<DeviceArena> arenas = new ArrayList<>();

  KernelBench(CudaContext context, byte[] image, long seed) {
    this.context = context;
    this.stream = context.newStream();
    this.module = new KernelModule(context, image);
    this.random = new Random(seed);
  }

  double[] normal(ElementType type, int count) {
    return Numbers.normal(random, type, count, 1);
  }

  /** Memory that nobody has written. */
  DeviceBuffer fresh(long bytes) {
    DeviceArena arena = context.memory().arena("test", Math.max(bytes, 1));
    arenas.add(arena);
    return arena.whole();
  }

  DeviceBuffer fresh(ElementType type, long count) {
    return fresh(count * type.bytes());
  }

  DeviceBuffer upload(ElementType type, double[] values) {
    DeviceBuffer buffer = fresh(type, values.length);
    write(buffer, type, values);
    return buffer;
  }

  void write(DeviceBuffer buffer, ElementType type, double[] values) {
    try (PinnedArena pinned = context.memory().pinned("test", buffer.bytes())) {
      MemorySegment host = pinned.whole();
      for (int i = 0; i < values.length; i++) {
        int bits = Numbers.encode(type, (float) values[i]);
        if (type == ElementType.FP32) {
          host.setAtIndex(ValueLayout.JAVA_INT, i, bits);
        } else {
          host.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) bits);
        }
      }
      stream.copyToDevice(buffer, host);
      stream.synchronize();
    }
  }

  DeviceBuffer upload(int... values) {
    DeviceBuffer buffer = fresh(4L * values.length);
    write(buffer, values);
    return buffer;
  }

  void write(DeviceBuffer buffer, int... values) {
    try (PinnedArena pinned = context.memory().pinned("test", buffer.bytes())) {
      MemorySegment.copy(values, 0, pinned.whole(), ValueLayout.JAVA_INT, 0, values.length);
      stream.copyToDevice(buffer, pinned.whole());
      stream.synchronize();
    }
  }

  double[] download(ElementType type, DeviceBuffer buffer, int count) {
    try (PinnedArena pinned = context.memory().pinned("test", (long) count * type.bytes())) {
      stream.copyToHost(pinned.whole(), buffer);
      stream.synchronize();
      double[] values = new double[count];
      for (int i = 0; i < count; i++) {
        int bits =
            type == ElementType.FP32
                ? pinned.whole().getAtIndex(ValueLayout.JAVA_INT, i)
                : pinned.whole().getAtIndex(ValueLayout.JAVA_SHORT, i) & 0xFFFF;
        values[i] = Numbers.decode(type, bits);
      }
      return values;
    }
  }

  int[] downloadInts(DeviceBuffer buffer, int count) {
    try (PinnedArena pinned = context.memory().pinned("test", 4L * count)) {
      stream.copyToHost(pinned.whole(), buffer);
      stream.synchronize();
      return pinned.whole().asSlice(0, 4L * count).toArray(ValueLayout.JAVA_INT);
    }
  }

  /** Compares with {@code expected}, within the type's tolerance of its root mean square. */
  void expect(String what, ElementType type, DeviceBuffer actual, double[] expected) {
    expect(what, type, actual, expected, Numbers.tolerance(type));
  }

  void expect(
      String what, ElementType type, DeviceBuffer actual, double[] expected, double tolerance) {
    double[] got = download(type, actual, expected.length);
    double squares = 0;
    double errors = 0;
    int worst = 0;
    for (int i = 0; i < expected.length; i++) {
      double error = Math.abs(got[i] - expected[i]);
      if (!(error <= 1e30)) {
        throw new AssertionError(
            what + " " + type + ": element " + i + " is " + got[i] + ", not " + expected[i]);
      }
      squares += expected[i] * expected[i];
      errors += error * error;
      if (error > Math.abs(got[worst] - expected[worst])) {
        worst = i;
      }
    }
    double rms = Math.sqrt(squares / expected.length);
    double relative = Math.sqrt(errors / expected.length) / Math.max(rms, 1e-30);
    double worstRelative = Math.abs(got[worst] - expected[worst]) / Math.max(rms, 1e-30);
    if (!(relative <= tolerance) || !(worstRelative <= 16 * tolerance)) {
      throw new AssertionError(
          String.format(
              "%s %s: relative error %.2e, tolerance %.2e; worst element %d is %f, not %f",
              what, type, relative, tolerance, worst, got[worst], expected[worst]));
    }
  }

  void expect(String what, DeviceBuffer actual, int[] expected) {
    int[] got = downloadInts(actual, expected.length);
    for (int i = 0; i < expected.length; i++) {
      if (got[i] != expected[i]) {
        throw new AssertionError(
            what + ": element " + i + " is " + got[i] + ", not " + expected[i]);
      }
    }
  }

  /** Frees the tensors of one check. */
  void clear() {
    arenas.forEach(DeviceArena::close);
    arenas.clear();
  }

  @Override
  public void close() {
    clear();
    module.close();
    stream.close();
  }
}

package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;

/** {@code elements.cu}: gathering rows, and functions of single elements. */
public final class ElementKernels {
  /** Gate functions, numbered as in the kernel. */
  public enum Gate {
    SILU(0),
    GELU_TANH(1),
    GELU(2);

    private final int number;

    Gate(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  private static final int GATED_THREADS = 128;
  private static final int POINTWISE_THREADS = 256;
  private static final int ADD = 0;
  private static final int SCALE = 1;
  private static final int SOFT_CAP = 2;

  private final KernelModule module;

  public ElementKernels(KernelModule module) {
    this.module = module;
  }

  /**
   * {@code out[i] = table[ids[i]] * factor}; an id outside the table gives zeros.
   *
   * @param table {@code [rows, width]}
   * @param ids {@code [count]} int32
   * @param out {@code [count, width]}
   */
  public void gatherRows(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer table,
      DeviceBuffer ids,
      float factor,
      int rows,
      int width,
      int count) {
    Shapes.requireBytes("table", table, (long) rows * width, type.bytes());
    Shapes.requireBytes("out", out, (long) count * width, type.bytes());
    Shapes.requireBytes("ids", ids, count, Integer.BYTES);
    var kernel = module.kernel("gather_rows_" + type.suffix(), 6);
    kernel
        .arguments()
        .buffer(out)
        .buffer(table)
        .buffer(ids)
        .number(factor)
        .integer(rows)
        .integer(width);
    kernel.launch(
        stream, LaunchShape.of(count, Shapes.threads(Shapes.ceilDiv(width, Shapes.VECTOR), 256)));
  }

  /**
   * {@code out = gate(gateUp[:, :width]) * gateUp[:, width:]}.
   *
   * @param gateUp {@code [rows, 2 * width]}
   * @param out {@code [rows, width]}
   */
  public void gated(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer gateUp,
      Gate gate,
      int rows,
      int width) {
    Shapes.requireVectors("width", width);
    Shapes.requireBytes("gateUp", gateUp, 2L * rows * width, type.bytes());
    Shapes.requireBytes("out", out, (long) rows * width, type.bytes());
    var kernel = module.kernel("gated_" + type.suffix(), 4);
    kernel.arguments().buffer(out).buffer(gateUp).integer(gate.number()).integer(width);
    int blocks = Shapes.ceilDiv(width / Shapes.VECTOR, GATED_THREADS);
    kernel.launch(stream, new LaunchShape(blocks, rows, 1, GATED_THREADS, 0));
  }

  /** {@code out = a + b} of {@code count} elements; {@code out} may be either. */
  public void add(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer a,
      DeviceBuffer b,
      int count) {
    pointwise(stream, type, out, a, b, ADD, 0, count);
  }

  /** {@code out = factor * a}; {@code out} may be {@code a}. */
  public void scale(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer a,
      float factor,
      int count) {
    pointwise(stream, type, out, a, a, SCALE, factor, count);
  }

  /** {@code out = cap * tanh(a / cap)}; {@code out} may be {@code a}. */
  public void softCap(
      CudaStream stream, ElementType type, DeviceBuffer out, DeviceBuffer a, float cap, int count) {
    pointwise(stream, type, out, a, a, SOFT_CAP, cap, count);
  }

  private void pointwise(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer a,
      DeviceBuffer b,
      int function,
      float number,
      int count) {
    Shapes.requireBytes("out", out, count, type.bytes());
    Shapes.requireBytes("a", a, count, type.bytes());
    Shapes.requireBytes("b", b, count, type.bytes());
    var kernel = module.kernel("pointwise_" + type.suffix(), 6);
    kernel
        .arguments()
        .buffer(out)
        .buffer(a)
        .buffer(b)
        .integer(function)
        .number(number)
        .integer(count);
    int blocks = Shapes.ceilDiv(count, Shapes.VECTOR * POINTWISE_THREADS);
    kernel.launch(stream, LaunchShape.of(blocks, POINTWISE_THREADS));
  }
}

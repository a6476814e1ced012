package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;
import org.jspecify.annotations.Nullable;

/** {@code quantized.cu}: {@code x W^T + bias} for weights of few bits, for few rows. */
public final class QuantizedKernels {
  /** Weights in one vector load of int8 or int4. */
  private static final int INT8_VECTOR = 16;

  private static final int INT4_VECTOR = 32;
  private static final int MANY_ROWS = 4;

  private final KernelModule module;

  public QuantizedKernels(KernelModule module) {
    this.module = module;
  }

  /**
   * A matrix of int8, {@code W[o, i] = values[o, i] * scales[o]}.
   *
   * @param values {@code [outFeatures, inFeatures]}
   * @param scales {@code [outFeatures]} fp32
   * @param inFeatures a multiple of 16
   */
  public record Int8Matrix(
      DeviceBuffer values, DeviceBuffer scales, int outFeatures, int inFeatures) {
    public Int8Matrix {
      requireMultiple("inFeatures", inFeatures, INT8_VECTOR);
      Shapes.requireBytes("values", values, (long) outFeatures * inFeatures, 1);
      Shapes.requireBytes("scales", scales, outFeatures, Float.BYTES);
    }
  }

  /**
   * A matrix of four bits, {@code W[o, i] = (values[o, i] - 8) * scales[o, i / group]}.
   *
   * @param values {@code [outFeatures, inFeatures / 2]} bytes, even elements in the low halves
   * @param scales {@code [outFeatures, inFeatures / group]} in the activations' type
   * @param group a multiple of 32 that divides {@code inFeatures}
   */
  public record Int4Matrix(
      DeviceBuffer values, DeviceBuffer scales, int group, int outFeatures, int inFeatures) {
    public Int4Matrix {
      requireMultiple("group", group, INT4_VECTOR);
      requireMultiple("inFeatures", inFeatures, group);
      Shapes.requireBytes("values", values, (long) outFeatures * inFeatures / 2, 1);
    }
  }

  /**
   * {@code out = x W^T + bias}.
   *
   * @param out {@code [rows, outFeatures]}
   * @param x {@code [rows, inFeatures]}
   * @param bias {@code [outFeatures]} or null
   */
  public void linear(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      Int8Matrix weight,
      @Nullable DeviceBuffer bias,
      int rows) {
    check(type, out, x, bias, rows, weight.outFeatures(), weight.inFeatures());
    CudaKernel kernel = module.kernel(name("int8", type, rows), 8);
    arguments(kernel, out, x, weight.values(), weight.scales(), bias)
        .integer(rows)
        .integer(weight.outFeatures())
        .integer(weight.inFeatures());
    kernel.launch(stream, shape(rows, weight.outFeatures()));
  }

  /** The same for four bits. */
  public void linear(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      Int4Matrix weight,
      @Nullable DeviceBuffer bias,
      int rows) {
    check(type, out, x, bias, rows, weight.outFeatures(), weight.inFeatures());
    long scales = (long) weight.outFeatures() * (weight.inFeatures() / weight.group());
    Shapes.requireBytes("scales", weight.scales(), scales, type.bytes());
    CudaKernel kernel = module.kernel(name("int4", type, rows), 9);
    arguments(kernel, out, x, weight.values(), weight.scales(), bias)
        .integer(weight.group())
        .integer(rows)
        .integer(weight.outFeatures())
        .integer(weight.inFeatures());
    kernel.launch(stream, shape(rows, weight.outFeatures()));
  }

  private static CudaKernel.Arguments arguments(
      CudaKernel kernel,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer values,
      DeviceBuffer scales,
      @Nullable DeviceBuffer bias) {
    CudaKernel.Arguments arguments =
        kernel.arguments().buffer(out).buffer(x).buffer(values).buffer(scales);
    return bias == null ? arguments.nothing() : arguments.buffer(bias);
  }

  private static String name(String form, ElementType type, int rows) {
    return "matrix_vector_" + form + "_" + type.suffix() + "_" + rowsAtOnce(rows);
  }

  private static LaunchShape shape(int rows, int outFeatures) {
    return new LaunchShape(
        Shapes.ceilDiv(outFeatures, LinearKernels.VECTOR_FEATURES),
        Shapes.ceilDiv(rows, rowsAtOnce(rows)),
        1,
        128,
        0);
  }

  private static int rowsAtOnce(int rows) {
    return rows == 1 ? 1 : MANY_ROWS;
  }

  private static void check(
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      @Nullable DeviceBuffer bias,
      int rows,
      int outFeatures,
      int inFeatures) {
    Shapes.requireBytes("out", out, (long) rows * outFeatures, type.bytes());
    Shapes.requireBytes("x", x, (long) rows * inFeatures, type.bytes());
    if (bias != null) {
      Shapes.requireBytes("bias", bias, outFeatures, type.bytes());
    }
  }

  private static void requireMultiple(String what, int value, int of) {
    if (value < of || value % of != 0) {
      throw new IllegalArgumentException(
          what + " is " + value + "; the kernel needs a positive multiple of " + of);
    }
  }
}

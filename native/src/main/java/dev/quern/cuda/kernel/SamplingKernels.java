package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;

/** {@code sampling.cu}: from logits to token ids on the device. */
public final class SamplingKernels {
  private static final int MOST_THREADS = 512;

  private final KernelModule module;

  public SamplingKernels(KernelModule module) {
    this.module = module;
  }

  /**
   * The largest element of each row; ties go to the lowest place, a row that is not finite gives
   * -1.
   *
   * @param ids {@code [rows]} int32, written
   * @param logits {@code [rows, vocabulary]}
   */
  public void argmax(
      CudaStream stream,
      ElementType type,
      DeviceBuffer ids,
      DeviceBuffer logits,
      int rows,
      int vocabulary) {
    check(type, ids, logits, rows, vocabulary);
    CudaKernel kernel = module.kernel("argmax_" + type.suffix(), 3);
    kernel.arguments().buffer(ids).buffer(logits).integer(vocabulary);
    kernel.launch(stream, LaunchShape.of(rows, Shapes.threads(vocabulary, MOST_THREADS)));
  }

  /**
   * How each row is drawn, all {@code [rows]}.
   *
   * @param temperatures fp32; 0 takes the likeliest
   * @param minPs fp32; 0: no cut
   * @param topKs int32; 0: no cut
   * @param topPs fp32; 1: no cut
   * @param uniforms fp32 in [0, 1): the draws, so that whoever seeds owns them
   */
  public record Draws(
      DeviceBuffer temperatures,
      DeviceBuffer minPs,
      DeviceBuffer topKs,
      DeviceBuffer topPs,
      DeviceBuffer uniforms) {}

  /** Draws an id from each row of {@code logits [rows, vocabulary]}. */
  public void sample(
      CudaStream stream,
      ElementType type,
      DeviceBuffer ids,
      DeviceBuffer logits,
      Draws draws,
      int rows,
      int vocabulary) {
    check(type, ids, logits, rows, vocabulary);
    Shapes.requireBytes("temperatures", draws.temperatures(), rows, Float.BYTES);
    Shapes.requireBytes("minPs", draws.minPs(), rows, Float.BYTES);
    Shapes.requireBytes("topKs", draws.topKs(), rows, Integer.BYTES);
    Shapes.requireBytes("topPs", draws.topPs(), rows, Float.BYTES);
    Shapes.requireBytes("uniforms", draws.uniforms(), rows, Float.BYTES);
    CudaKernel kernel = module.kernel("sample_" + type.suffix(), 8);
    kernel
        .arguments()
        .buffer(ids)
        .buffer(logits)
        .buffer(draws.temperatures())
        .buffer(draws.minPs())
        .buffer(draws.topKs())
        .buffer(draws.topPs())
        .buffer(draws.uniforms())
        .integer(vocabulary);
    kernel.launch(stream, LaunchShape.of(rows, Shapes.threads(vocabulary, MOST_THREADS)));
  }

  private static void check(
      ElementType type, DeviceBuffer ids, DeviceBuffer logits, int rows, int vocabulary) {
    Shapes.requireBytes("ids", ids, rows, Integer.BYTES);
    Shapes.requireBytes("logits", logits, (long) rows * vocabulary, type.bytes());
  }
}

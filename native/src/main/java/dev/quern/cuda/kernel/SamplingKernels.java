package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;

/** {@code sampling.cu}: from logits to token ids on the device. */
public final class SamplingKernels {
  /** The most of {@link #logProbabilities}' alternatives. */
  public static final int MOST_TOP = 20;

  private static final int MOST_THREADS = 512;
  private static final int TAKE_THREADS = 256;

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
   * @param temperatures fp32; below 1e-5 takes the likeliest
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

  /**
   * Draws an id from each row of {@code logits [rows, vocabulary]}. A row that holds NaN or
   * infinity gives -1, one that is negative infinity throughout gives -2: nothing was left to draw
   * from.
   */
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

  /**
   * What is done to logits before they are drawn from, as lists of tokens for each row: the entries
   * of row {@code r} are {@code [starts[r], starts[r + 1])}, each of another token.
   *
   * @param starts {@code [rows + 1]} int32
   * @param ids int32, {@code count} of them, as of all lists
   * @param counts int32: how often the row's output has the token; 0: its prompt alone has it; -1:
   *     neither does
   * @param biases fp32, added; negative infinity forbids the token
   * @param restricted {@code [rows]} int32; not 0: tokens without an entry are forbidden
   * @param penalties {@code [rows, 3]} fp32: repetition (1: none), presence, frequency (0: none)
   */
  public record Adjustments(
      DeviceBuffer starts,
      DeviceBuffer ids,
      DeviceBuffer counts,
      DeviceBuffer biases,
      DeviceBuffer restricted,
      DeviceBuffer penalties,
      int count) {
    public Adjustments {
      Shapes.requireBytes("ids", ids, count, Integer.BYTES);
      Shapes.requireBytes("counts", counts, count, Integer.BYTES);
      Shapes.requireBytes("biases", biases, count, Float.BYTES);
    }
  }

  /**
   * Applies masks, biases and penalties in vLLM's order. Rows that hold NaN or infinity become NaN.
   *
   * @param adjusted {@code [rows, vocabulary]} fp32, written, to {@link #sample} from as such
   * @param logits {@code [rows, vocabulary]}
   */
  public void adjust(
      CudaStream stream,
      ElementType type,
      DeviceBuffer adjusted,
      DeviceBuffer logits,
      Adjustments adjustments,
      int rows,
      int vocabulary) {
    long elements = (long) rows * vocabulary;
    Shapes.requireBytes("adjusted", adjusted, elements, Float.BYTES);
    Shapes.requireBytes("logits", logits, elements, type.bytes());
    Shapes.requireBytes("starts", adjustments.starts(), rows + 1L, Integer.BYTES);
    Shapes.requireBytes("restricted", adjustments.restricted(), rows, Integer.BYTES);
    Shapes.requireBytes("penalties", adjustments.penalties(), 3L * rows, Float.BYTES);
    CudaKernel kernel = module.kernel("adjust_logits_" + type.suffix(), 9);
    kernel
        .arguments()
        .buffer(adjusted)
        .buffer(logits)
        .buffer(adjustments.starts())
        .buffer(adjustments.ids())
        .buffer(adjustments.counts())
        .buffer(adjustments.biases())
        .buffer(adjustments.restricted())
        .buffer(adjustments.penalties())
        .integer(vocabulary);
    kernel.launch(stream, LaunchShape.of(rows, Shapes.threads(vocabulary, MOST_THREADS)));
  }

  /**
   * Natural logarithms of probabilities, all written. NaN, and rank 0 or id -1, where there is
   * none: in rows that are not finite, for ids outside of the vocabulary, past the last token above
   * negative infinity.
   *
   * @param chosen {@code [rows]} fp32: of the ids asked for
   * @param ranks {@code [rows]} int32: their places in the row's order, from 1, ties by id
   * @param topIds {@code [rows, top]} int32: the likeliest, in order
   * @param topLogprobs {@code [rows, top]} fp32
   * @param top 0 to {@link #MOST_TOP}
   */
  public record LogProbabilities(
      DeviceBuffer chosen,
      DeviceBuffer ranks,
      DeviceBuffer topIds,
      DeviceBuffer topLogprobs,
      int top) {
    public LogProbabilities {
      if (top < 0 || top > MOST_TOP) {
        throw new IllegalArgumentException(top + " alternatives; the kernel takes " + MOST_TOP);
      }
    }
  }

  /**
   * Log-probabilities by the softmax of each row.
   *
   * @param logits {@code [rows, vocabulary]} as the model gave them
   * @param ids {@code [rows]} int32: the tokens asked for
   */
  public void logProbabilities(
      CudaStream stream,
      ElementType type,
      LogProbabilities out,
      DeviceBuffer logits,
      DeviceBuffer ids,
      int rows,
      int vocabulary) {
    check(type, ids, logits, rows, vocabulary);
    Shapes.requireBytes("chosen", out.chosen(), rows, Float.BYTES);
    Shapes.requireBytes("ranks", out.ranks(), rows, Integer.BYTES);
    Shapes.requireBytes("topIds", out.topIds(), (long) rows * out.top(), Integer.BYTES);
    Shapes.requireBytes("topLogprobs", out.topLogprobs(), (long) rows * out.top(), Float.BYTES);
    CudaKernel kernel = module.kernel("log_probabilities_" + type.suffix(), 8);
    kernel
        .arguments()
        .buffer(out.chosen())
        .buffer(out.ranks())
        .buffer(out.topIds())
        .buffer(out.topLogprobs())
        .buffer(logits)
        .buffer(ids)
        .integer(out.top())
        .integer(vocabulary);
    kernel.launch(stream, LaunchShape.of(rows, Shapes.threads(vocabulary, MOST_THREADS)));
  }

  /**
   * Replaces ids of {@code -(row + 1)} by what the last draw gave that row; others stay, so padding
   * may be any id that names no row of it.
   *
   * @param ids {@code [count]} int32, changed in place
   * @param drawn {@code [rows]} int32
   */
  public void takeDrawn(
      CudaStream stream, DeviceBuffer ids, DeviceBuffer drawn, int count, int rows) {
    Shapes.requireBytes("ids", ids, count, Integer.BYTES);
    Shapes.requireBytes("drawn", drawn, rows, Integer.BYTES);
    CudaKernel kernel = module.kernel("take_drawn", 4);
    kernel.arguments().buffer(ids).buffer(drawn).integer(count).integer(rows);
    kernel.launch(stream, LaunchShape.of(Shapes.ceilDiv(count, TAKE_THREADS), TAKE_THREADS));
  }

  private static void check(
      ElementType type, DeviceBuffer ids, DeviceBuffer logits, int rows, int vocabulary) {
    Shapes.requireBytes("ids", ids, rows, Integer.BYTES);
    Shapes.requireBytes("logits", logits, (long) rows * vocabulary, type.bytes());
  }
}

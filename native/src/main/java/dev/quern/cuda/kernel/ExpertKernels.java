package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;

/**
 * {@code moe.cu}: sparse mixtures of experts. {@link #route} chooses, {@link #sort} brings each
 * expert's tokens together, {@link #gateUp} and {@link #down} multiply, {@link #sum} weighs. An
 * assignment is one choice of one token.
 */
public final class ExpertKernels {
  private static final int MOST_EXPERTS = 256;
  private static final int MOST_CHOICES = 32;
  private static final int TOKENS_PER_BLOCK = 4;
  private static final int SUM_THREADS = 128;

  /** With more assignments an expert than this on average, tensor cores pay. */
  private static final int FEW_ROWS = 2;

  private final KernelModule module;

  public ExpertKernels(KernelModule module) {
    this.module = module;
  }

  /**
   * The {@code topK} largest of each row's softmax, largest first.
   *
   * @param experts {@code [tokens, topK]} int32, written
   * @param weights {@code [tokens, topK]} fp32, written
   * @param logits {@code [tokens, expertCount]}
   * @param normalise whether a token's weights are scaled to sum to one
   */
  public void route(
      CudaStream stream,
      ElementType type,
      DeviceBuffer experts,
      DeviceBuffer weights,
      DeviceBuffer logits,
      int tokens,
      int expertCount,
      int topK,
      boolean normalise) {
    checkChoices(topK, expertCount);
    Shapes.requireBytes("experts", experts, (long) tokens * topK, Integer.BYTES);
    Shapes.requireBytes("weights", weights, (long) tokens * topK, Float.BYTES);
    Shapes.requireBytes("logits", logits, (long) tokens * expertCount, type.bytes());
    CudaKernel kernel = module.kernel("route_tokens_" + type.suffix(), 7);
    kernel
        .arguments()
        .buffer(experts)
        .buffer(weights)
        .buffer(logits)
        .integer(tokens)
        .integer(expertCount)
        .integer(topK)
        .integer(normalise ? 1 : 0);
    kernel.launch(stream, LaunchShape.of(Shapes.ceilDiv(tokens, TOKENS_PER_BLOCK), 128));
  }

  /**
   * The assignments of a batch in order of expert.
   *
   * @param sorted {@code [tokens * topK]} int32
   * @param starts {@code [expertCount + 1]} int32: where each expert's begin
   * @param active {@code [expertCount]} int32: the experts that have any, then -1
   */
  public record Assignments(
      DeviceBuffer sorted,
      DeviceBuffer starts,
      DeviceBuffer active,
      int tokens,
      int topK,
      int expertCount) {
    public Assignments {
      checkChoices(topK, expertCount);
      Shapes.requireBytes("sorted", sorted, (long) tokens * topK, Integer.BYTES);
      Shapes.requireBytes("starts", starts, expertCount + 1L, Integer.BYTES);
      Shapes.requireBytes("active", active, expertCount, Integer.BYTES);
    }

    int count() {
      return Math.multiplyExact(tokens, topK);
    }

    int mostActive() {
      return Math.min(count(), expertCount);
    }
  }

  /** Fills {@code assignments} from {@code experts [tokens, topK]} as {@link #route} wrote them. */
  public void sort(CudaStream stream, Assignments assignments, DeviceBuffer experts) {
    Shapes.requireBytes("experts", experts, assignments.count(), Integer.BYTES);
    CudaKernel kernel = module.kernel("sort_assignments", 6);
    kernel
        .arguments()
        .buffer(assignments.sorted())
        .buffer(assignments.starts())
        .buffer(assignments.active())
        .buffer(experts)
        .integer(assignments.count())
        .integer(assignments.expertCount());
    kernel.launch(stream, LaunchShape.of(assignments.expertCount(), 256));
  }

  /**
   * Whether {@link #gateUp} also applies the gate. If not, its result is {@code [tokens * topK, 2 *
   * width]} and {@link ElementKernels#gated} comes next.
   */
  public boolean gatesAtOnce(ElementType type, Assignments assignments) {
    return !module.hasTensorCores(type)
        || assignments.count() <= FEW_ROWS * assignments.expertCount();
  }

  /**
   * Each expert's first product for its tokens, in order of the sorted assignments.
   *
   * @param out {@code [tokens * topK, width]} when {@link #gatesAtOnce}, else twice as wide
   * @param x {@code [tokens, inFeatures]}
   * @param weight {@code [expertCount, 2 * width, inFeatures]}: gate, then up
   */
  public void gateUp(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer weight,
      Assignments assignments,
      ElementKernels.Gate gate,
      int width,
      int inFeatures) {
    Shapes.requireVectors("inFeatures", inFeatures);
    long weights = 2L * assignments.expertCount() * width * inFeatures;
    Shapes.requireBytes("weight", weight, weights, type.bytes());
    Shapes.requireBytes("x", x, (long) assignments.tokens() * inFeatures, type.bytes());
    if (!gatesAtOnce(type, assignments)) {
      gemm(stream, type, out, x, weight, assignments, true, 2 * width, inFeatures);
      return;
    }
    Shapes.requireBytes("out", out, (long) assignments.count() * width, type.bytes());
    CudaKernel kernel = module.kernel("expert_gate_up_few_" + type.suffix(), 10);
    inputs(kernel, out, x, weight, assignments)
        .integer(assignments.topK())
        .integer(gate.number())
        .integer(width)
        .integer(inFeatures);
    kernel.launch(stream, shape(assignments, width, LinearKernels.VECTOR_FEATURES, 0));
  }

  /**
   * Each expert's second product, back in the tokens' order.
   *
   * @param out {@code [tokens, topK, outFeatures]}
   * @param inner {@code [tokens * topK, width]} in order of the sorted assignments
   * @param weight {@code [expertCount, outFeatures, width]}
   */
  public void down(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer inner,
      DeviceBuffer weight,
      Assignments assignments,
      int outFeatures,
      int width) {
    Shapes.requireVectors("width", width);
    long weights = (long) assignments.expertCount() * outFeatures * width;
    Shapes.requireBytes("weight", weight, weights, type.bytes());
    Shapes.requireBytes("inner", inner, (long) assignments.count() * width, type.bytes());
    if (!gatesAtOnce(type, assignments)) {
      gemm(stream, type, out, inner, weight, assignments, false, outFeatures, width);
      return;
    }
    Shapes.requireBytes("out", out, (long) assignments.count() * outFeatures, type.bytes());
    CudaKernel kernel = module.kernel("expert_down_few_" + type.suffix(), 8);
    inputs(kernel, out, inner, weight, assignments).integer(outFeatures).integer(width);
    kernel.launch(stream, shape(assignments, outFeatures, LinearKernels.VECTOR_FEATURES, 0));
  }

  /**
   * {@code out[t] = sum over k of weights[t, k] * results[t, k]}.
   *
   * @param out {@code [tokens, width]}
   * @param results {@code [tokens, topK, width]}
   * @param weights {@code [tokens, topK]} fp32
   */
  public void sum(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer results,
      DeviceBuffer weights,
      int tokens,
      int topK,
      int width) {
    Shapes.requireVectors("width", width);
    Shapes.requireBytes("out", out, (long) tokens * width, type.bytes());
    Shapes.requireBytes("results", results, (long) tokens * topK * width, type.bytes());
    Shapes.requireBytes("weights", weights, (long) tokens * topK, Float.BYTES);
    CudaKernel kernel = module.kernel("sum_experts_" + type.suffix(), 5);
    kernel.arguments().buffer(out).buffer(results).buffer(weights).integer(topK).integer(width);
    int blocks = Shapes.ceilDiv(width, Shapes.VECTOR * SUM_THREADS);
    kernel.launch(stream, new LaunchShape(blocks, tokens, 1, SUM_THREADS, 0));
  }

  private void gemm(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer weight,
      Assignments assignments,
      boolean gather,
      int outFeatures,
      int inFeatures) {
    Shapes.requireBytes("out", out, (long) assignments.count() * outFeatures, type.bytes());
    CudaKernel kernel = module.kernel("expert_gemm_" + type.suffix(), 10);
    inputs(kernel, out, x, weight, assignments)
        .integer(gather ? 1 : 0)
        .integer(assignments.topK())
        .integer(outFeatures)
        .integer(inFeatures);
    kernel.launch(
        stream, shape(assignments, outFeatures, LinearKernels.TILE, LinearKernels.TILE_BYTES));
  }

  private static CudaKernel.Arguments inputs(
      CudaKernel kernel,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer weight,
      Assignments assignments) {
    return kernel
        .arguments()
        .buffer(out)
        .buffer(x)
        .buffer(weight)
        .buffer(assignments.sorted())
        .buffer(assignments.starts())
        .buffer(assignments.active());
  }

  private static LaunchShape shape(
      Assignments assignments, int features, int featuresPerBlock, int sharedBytes) {
    return new LaunchShape(
        Shapes.ceilDiv(features, featuresPerBlock), assignments.mostActive(), 1, 128, sharedBytes);
  }

  private static void checkChoices(int topK, int expertCount) {
    if (expertCount > MOST_EXPERTS || topK < 1 || topK > Math.min(MOST_CHOICES, expertCount)) {
      throw new IllegalArgumentException(
          topK + " of " + expertCount + " experts; the kernels take " + MOST_EXPERTS);
    }
  }
}

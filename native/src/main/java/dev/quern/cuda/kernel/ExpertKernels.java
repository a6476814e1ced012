package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;

/** {@code moe.cu}: routing tokens to experts. */
public final class ExpertKernels {
  private static final int MOST_EXPERTS = 256;
  private static final int MOST_CHOICES = 32;
  private static final int TOKENS_PER_BLOCK = 4;

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
    if (expertCount > MOST_EXPERTS || topK < 1 || topK > Math.min(MOST_CHOICES, expertCount)) {
      throw new IllegalArgumentException(
          topK + " of " + expertCount + " experts; the kernel takes " + MOST_EXPERTS);
    }
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
}

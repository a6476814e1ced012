package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.ElementKernels.Gate;
import dev.quern.cuda.kernel.ElementType;
import dev.quern.cuda.kernel.ExpertKernels;
import dev.quern.cuda.kernel.ExpertKernels.Assignments;
import dev.quern.engine.tensor.Activation;

/**
 * Sparse mixtures of experts: chosen, sorted by expert, multiplied and summed on the device, so
 * that the host never learns who goes where.
 */
final class ExpertOperations {
  private final CudaSession session;
  private final ExpertKernels kernels;
  private final CudaStream stream;

  ExpertOperations(CudaSession session) {
    this.session = session;
    this.kernels = session.kernels().experts();
    this.stream = session.stream();
  }

  CudaTensor experts(
      CudaTensor x,
      CudaTensor routerLogits,
      CudaExperts experts,
      int topK,
      boolean normalise,
      Activation activation) {
    int tokens = x.rows();
    CudaTensor out = session.tensor(x.dtype(), x.shape());
    if (tokens == 0) {
      return out;
    }
    DeviceBuffer choices = ints((long) tokens * topK);
    DeviceBuffer weights = session.buffer((long) tokens * topK * Float.BYTES);
    kernels.route(
        stream,
        x.type(),
        choices,
        weights,
        routerLogits.buffer(),
        tokens,
        experts.experts(),
        topK,
        normalise);
    Assignments assignments =
        new Assignments(
            ints((long) tokens * topK),
            ints(experts.experts() + 1L),
            ints(experts.experts()),
            tokens,
            topK,
            experts.experts());
    kernels.sort(stream, assignments, choices);
    DeviceBuffer results = results(x, experts, assignments, LayerOperations.gate(activation));
    kernels.sum(stream, x.type(), out.buffer(), results, weights, tokens, topK, experts.hidden());
    return out;
  }

  /** What each expert makes of its tokens: {@code [tokens, topK, hidden]}. */
  private DeviceBuffer results(
      CudaTensor x, CudaExperts experts, Assignments assignments, Gate gate) {
    ElementType type = x.type();
    int rows = Math.multiplyExact(assignments.tokens(), assignments.topK());
    int width = experts.intermediate();
    long rowBytes = (long) rows * type.bytes();
    DeviceBuffer inner = session.buffer(rowBytes * width);
    boolean gatesAtOnce = kernels.gatesAtOnce(type, assignments);
    DeviceBuffer first = gatesAtOnce ? inner : session.buffer(2 * rowBytes * width);
    kernels.gateUp(
        stream,
        type,
        first,
        x.buffer(),
        experts.gateUp(),
        assignments,
        gate,
        width,
        experts.hidden());
    if (!gatesAtOnce) {
      session.kernels().elements().gated(stream, type, inner, first, gate, rows, width);
    }
    DeviceBuffer results = session.buffer(rowBytes * experts.hidden());
    kernels.down(
        stream, type, results, inner, experts.down(), assignments, experts.hidden(), width);
    return results;
  }

  private DeviceBuffer ints(long count) {
    return session.buffer(count * Integer.BYTES);
  }
}

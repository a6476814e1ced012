package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.kernel.AttentionKernels;
import dev.quern.cuda.kernel.ElementKernels;
import dev.quern.cuda.kernel.ExpertKernels;
import dev.quern.cuda.kernel.KernelModule;
import dev.quern.cuda.kernel.LinearKernels;
import dev.quern.cuda.kernel.NormKernels;
import dev.quern.cuda.kernel.RopeKernels;
import dev.quern.cuda.kernel.SamplingKernels;

/** Every kind of kernel of one loaded module. */
record CudaKernels(
    AttentionKernels attention,
    ElementKernels elements,
    ExpertKernels experts,
    LinearKernels linear,
    NormKernels norms,
    RopeKernels rope,
    SamplingKernels sampling) {
  static CudaKernels of(KernelModule module) {
    return new CudaKernels(
        new AttentionKernels(module),
        new ElementKernels(module),
        new ExpertKernels(module),
        new LinearKernels(module),
        new NormKernels(module),
        new RopeKernels(module),
        new SamplingKernels(module));
  }
}

package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.DeviceMemory;
import dev.quern.cuda.blas.CublasLt;
import dev.quern.cuda.blas.MatrixProducts;
import dev.quern.cuda.kernel.KernelImage;
import dev.quern.cuda.kernel.KernelModule;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.Workspace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all operations of an open device share: its context, the one stream that all work is queued
 * on, the loaded kernels, and the memory of the step.
 */
final class CudaSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CudaSession.class);

  private final CudaContext context;
  private final KernelModule module;
  private final CudaStream stream;
  private final CudaKernels kernels;
  private final @Nullable CublasLt cublas;
  private final MatrixProducts products;
  private final StepMemory stepMemory;
  private final StepInputs inputs;
  private final StepOutputs outputs;
  private final WeightUploads uploads;
  private final SplitTickets tickets;
  private boolean stepOpen;

  private CudaSession(CudaContext context, KernelModule module, @Nullable Path cublasLt) {
    this.context = context;
    this.module = module;
    this.stream = context.newStream();
    this.kernels = CudaKernels.of(module);
    this.cublas = cublasLt == null ? null : openCublas(context, cublasLt);
    this.products = new MatrixProducts(kernels.linear(), cublas);
    this.stepMemory = new StepMemory(context.memory());
    this.inputs = new StepInputs(context, stream);
    this.outputs = new StepOutputs(context, stream);
    this.uploads = new WeightUploads(context);
    this.tickets = new SplitTickets(context.memory(), stream);
  }

  /** Opens {@code device} for the calling thread, which owns it from now on. */
  static CudaSession open(
      CudaDriver driver, CudaDevice device, double memoryUtilization, @Nullable Path cublasLt) {
    CudaContext context = CudaContext.open(driver, device, memoryUtilization);
    try {
      KernelModule module = new KernelModule(context, KernelImage.forDriver(driver));
      return new CudaSession(context, module, cublasLt);
    } catch (CudaException e) {
      // Not again: it may be the context that is lost.
      CudaErrors.close(List.of(context));
      throw e;
    }
  }

  private static @Nullable CublasLt openCublas(CudaContext context, Path library) {
    try {
      return CublasLt.open(context, library);
    } catch (CudaException e) {
      if (e.losesContext()) {
        throw e;
      }
      LOG.warn("cuBLASLt is not used, Quern's own kernels multiply: {}", e.getMessage());
      return null;
    }
  }

  /** To make further memory and events of. */
  CudaContext context() {
    return context;
  }

  CudaDevice device() {
    return context.device();
  }

  DeviceMemory memory() {
    return context.memory();
  }

  CudaStream stream() {
    return stream;
  }

  CudaKernels kernels() {
    return kernels;
  }

  MatrixProducts products() {
    return products;
  }

  StepInputs inputs() {
    return inputs;
  }

  StepOutputs outputs() {
    return outputs;
  }

  WeightUploads uploads() {
    return uploads;
  }

  SplitTickets tickets() {
    return tickets;
  }

  StepMemory stepMemory() {
    return stepMemory;
  }

  /** Changes when memory that steps use again and again lies elsewhere. */
  long moves() {
    return stepMemory.moves() + tickets.moves();
  }

  /** Starts a step; one at a time. */
  Workspace openStep() {
    if (stepOpen) {
      throw new IllegalStateException("a workspace is open already");
    }
    stepOpen = true;
    return () -> {
      if (stepOpen) {
        stepOpen = false;
        CudaErrors.named("closing a workspace", stepMemory::reset);
      }
    };
  }

  /** Runs a layer of a step; see {@link StepMemory#inLayer}. */
  <T> T inLayer(Supplier<T> layer) {
    return stepMemory.inLayer(layer);
  }

  /** A new tensor of the step, its elements undefined. */
  CudaTensor tensor(DType dtype, long... shape) {
    return new CudaTensor(buffer(CudaTensor.elements(shape) * dtype.bytes()), dtype, shape);
  }

  /** Memory of the step, its contents undefined. */
  DeviceBuffer buffer(long bytes) {
    if (!stepOpen) {
      throw new IllegalStateException("operations need an open workspace");
    }
    uploads.arrive();
    return stepMemory.take(bytes);
  }

  @Override
  public void close() {
    List<AutoCloseable> all =
        new ArrayList<>(List.of(uploads, outputs, inputs, tickets, stepMemory));
    if (cublas != null) {
      all.add(cublas);
    }
    all.addAll(List.of(stream, module, context));
    CudaErrors.close(all);
  }
}

package dev.quern.cuda.blas;

import dev.quern.cuda.kernel.ElementType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;

/**
 * How cuBLASLt computes products of one shape: its description in cuBLASLt's terms, and the
 * algorithm that its heuristics chose.
 *
 * <p>cuBLASLt's matrices are stored by columns. A row-major matrix is its own transpose stored by
 * columns, so {@code out = x W^T} is written as {@code D = A^T B}, with the weight as {@code A}
 * ({@code inFeatures} x {@code outFeatures}), {@code x} as {@code B} ({@code inFeatures} x {@code
 * rows}) and {@code out} as {@code D} ({@code outFeatures} x {@code rows}). Its bias goes along D's
 * rows, as ours does along features.
 *
 * <p>Sums are in fp32 throughout: the type of computation is fp32, and split sums are added in it
 * rather than in the type of the output. fp32 products are not rounded to TF32.
 */
final class ProductPlan implements AutoCloseable {
  // cublasLtMatmulHeuristicResult_t: algorithm, workspace size, status, waves, reserved.
  private static final long ALGORITHM_BYTES = 64;
  private static final long WORKSPACE_OFFSET = ALGORITHM_BYTES;
  private static final long STATUS_OFFSET = 72;
  private static final long RESULT_BYTES = 96;

  private static final int[] ALIGNMENTS = {
    cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
    cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
    cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
    cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES
  };

  private static final String SET_OPERATION = "cublasLtMatmulDescSetAttribute";
  private static final String SET_PREFERENCE = "cublasLtMatmulPreferenceSetAttribute";

  private record Described(String destroy, MemorySegment handle) {}

  private final CublasLtLibrary library;
  private final List<Described> described = new ArrayList<>();
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment operation;
  private final MemorySegment weight;
  private final MemorySegment x;
  private final MemorySegment out;
  private final MemorySegment result = arena.allocate(RESULT_BYTES, 16);
  private final boolean served;

  /**
   * Asks the heuristics once.
   *
   * @param biasAddress of one of the products, or 0: they look at its alignment
   */
  ProductPlan(
      CublasLtLibrary library,
      MemorySegment handle,
      ProductShape shape,
      long biasAddress,
      long workspaceBytes) {
    this.library = library;
    try {
      this.operation = describeOperation(shape, biasAddress);
      this.weight = describeMatrix(shape.type(), shape.inFeatures(), shape.outFeatures());
      this.x = describeMatrix(shape.type(), shape.inFeatures(), shape.rows());
      this.out = describeMatrix(shape.type(), shape.outFeatures(), shape.rows());
      this.served = choose(handle, shape, workspaceBytes);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Whether cuBLASLt has an algorithm for the shape. */
  boolean served() {
    return served;
  }

  MemorySegment operation() {
    return operation;
  }

  MemorySegment weight() {
    return weight;
  }

  MemorySegment x() {
    return x;
  }

  MemorySegment out() {
    return out;
  }

  MemorySegment algorithm() {
    return result.asSlice(0, ALGORITHM_BYTES);
  }

  long workspaceBytes() {
    return result.get(ValueLayout.JAVA_LONG, WORKSPACE_OFFSET);
  }

  /** Frees the descriptors; queued and captured work does not need them any more. */
  @Override
  public void close() {
    described.reversed().forEach(one -> library.call(one.destroy(), one.handle()));
    described.clear();
    arena.close();
  }

  private MemorySegment describeOperation(ProductShape shape, long biasAddress) {
    MemorySegment operation =
        created(
            "cublasLtMatmulDescDestroy",
            library.create(
                "cublasLtMatmulDescCreate", cublas.CUBLAS_COMPUTE_32F, cudart.CUDA_R_32F));
    setOperation(operation, cublas.CUBLASLT_MATMUL_DESC_TRANSA, cublas.CUBLAS_OP_T);
    setOperation(operation, cublas.CUBLASLT_MATMUL_DESC_TRANSB, cublas.CUBLAS_OP_N);
    if (shape.biased()) {
      setOperation(operation, cublas.CUBLASLT_MATMUL_DESC_EPILOGUE, cublas.CUBLASLT_EPILOGUE_BIAS);
      setOperation(operation, cublas.CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, dataType(shape.type()));
      set(
          SET_OPERATION,
          operation,
          cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER,
          arena.allocateFrom(ValueLayout.JAVA_LONG, biasAddress));
    }
    return operation;
  }

  private void setOperation(MemorySegment operation, int attribute, int value) {
    set(SET_OPERATION, operation, attribute, arena.allocateFrom(ValueLayout.JAVA_INT, value));
  }

  private MemorySegment describeMatrix(ElementType type, int rows, int columns) {
    return created(
        "cublasLtMatrixLayoutDestroy",
        library.create(
            "cublasLtMatrixLayoutCreate",
            dataType(type),
            (long) rows,
            (long) columns,
            (long) rows));
  }

  /** Asks for the best algorithm; false where there is none. */
  private boolean choose(MemorySegment handle, ProductShape shape, long workspaceBytes) {
    MemorySegment preference = library.create("cublasLtMatmulPreferenceCreate");
    try {
      set(
          SET_PREFERENCE,
          preference,
          cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
          arena.allocateFrom(ValueLayout.JAVA_LONG, workspaceBytes));
      setPreference(
          preference,
          cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
          cublas.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
      for (int attribute : ALIGNMENTS) {
        setPreference(preference, attribute, shape.alignment());
      }
      MemorySegment found = arena.allocate(ValueLayout.JAVA_INT);
      int status =
          library.callUnchecked(
              "cublasLtMatmulAlgoGetHeuristic",
              handle,
              operation,
              weight,
              x,
              out,
              out,
              preference,
              1,
              result,
              found);
      if (status == cublas.CUBLAS_STATUS_NOT_SUPPORTED) {
        return false;
      }
      library.check("cublasLtMatmulAlgoGetHeuristic for " + shape, status);
      return found.get(ValueLayout.JAVA_INT, 0) > 0
          && result.get(ValueLayout.JAVA_INT, STATUS_OFFSET) == cublas.CUBLAS_STATUS_SUCCESS;
    } finally {
      library.call("cublasLtMatmulPreferenceDestroy", preference);
    }
  }

  private void setPreference(MemorySegment preference, int attribute, int value) {
    set(SET_PREFERENCE, preference, attribute, arena.allocateFrom(ValueLayout.JAVA_INT, value));
  }

  private void set(String function, MemorySegment target, int attribute, MemorySegment value) {
    library.call(function, target, attribute, value, value.byteSize());
  }

  private MemorySegment created(String destroy, MemorySegment handle) {
    described.add(new Described(destroy, handle));
    return handle;
  }

  private static int dataType(ElementType type) {
    return switch (type) {
      case BF16 -> cudart.CUDA_R_16BF;
      case FP16 -> cudart.CUDA_R_16F;
      case FP32 -> cudart.CUDA_R_32F;
    };
  }
}

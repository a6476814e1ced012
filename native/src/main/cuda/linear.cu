// linear.cu: out = x W^T + bias. x [rows, inFeatures], W [outFeatures, inFeatures], bias [outFeatures] or null,
// out [rows, outFeatures]; inFeatures % 8 == 0. Three ways: by reading W once for few rows, by tensor cores, by plain arithmetic.
#include "tensor_core.h"

// ---- few rows: the time is that of reading W, so a warp streams one row of W past ROWS rows of x --------------------------
// rows <= ROWS.  grid = ceil(outFeatures / 4), 128 threads.
template <class T, int ROWS>
DEV void matrixVector(T* out, const T* x, const T* weight, const T* bias, int rows, int outFeatures, int inFeatures) {
  const int lane = threadIdx.x & 31, feature = blockIdx.x * 4 + (threadIdx.x >> 5);
  if (feature >= outFeatures) return;  // whole warps leave
  const T* w = weight + (size_t)feature * inFeatures;
  float sum[ROWS] = {};
  for (int i = lane * 8; i < inFeatures; i += 32 * 8) {
    float a[8];
    load8(w + i, a);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      float b[8];
      load8(x + (size_t)min(r, rows - 1) * inFeatures + i, b);
#pragma unroll
      for (int k = 0; k < 8; k++) sum[r] += a[k] * b[k];
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    const float total = warpSum(sum[r]);
    if (lane == 0 && r < rows) {
      out[(size_t)r * outFeatures + feature] = fromFloat<T>(total + (bias ? toFloat(bias[feature]) : 0.f));
    }
  }
}
#define MATRIX_VECTOR(T, ROWS)                                                                                            \
  extern "C" __global__ void __launch_bounds__(128)                                                                       \
      matrix_vector_##T##_##ROWS(T* __restrict__ out, const T* __restrict__ x, const T* __restrict__ weight,              \
                                 const T* __restrict__ bias, int rows, int outFeatures, int inFeatures) {                 \
    matrixVector<T, ROWS>(out, x, weight, bias, rows, outFeatures, inFeatures);                                           \
  }                                                                                                                       \
  KERNEL(matrix_vector_##T##_##ROWS);
#define MATRIX_VECTOR_TYPE(T) MATRIX_VECTOR(T, 1) MATRIX_VECTOR(T, 2) MATRIX_VECTOR(T, 4) MATRIX_VECTOR(T, 8)
FOR_EACH_TYPE(MATRIX_VECTOR_TYPE)

// ---- tensor cores: a tile of 64 x 64 outputs a block, 32 deep, two tiles in flight ---------------------------------------------
// grid = (ceil(outFeatures / 64), ceil(rows / 64)), 128 threads in 2 x 2 warps. sm_80 and later.
template <class T>
DEV void gemm(T* out, const T* x, const T* weight, const T* bias, int rows, int outFeatures, int inFeatures) {
  constexpr int TILE = 64, DEPTH = 32, PITCH = DEPTH + 8, STAGES = 2;  // + 8: ldmatrix without bank conflicts
  DYNAMIC_SHARED(T, sharedX);
  T* sharedWeight = sharedX + STAGES * TILE * PITCH;
  const int t = threadIdx.x, lane = t & 31, warpRow = (t >> 5) & 1, warpColumn = t >> 6;
  const int firstRow = blockIdx.y * TILE, firstFeature = blockIdx.x * TILE;
  float sum[2][4][4] = {};

  auto load = [&](int stage, int depth) {
#pragma unroll
    for (int i = t; i < TILE * DEPTH / 8; i += 128) {
      const int r = i / (DEPTH / 8), c = i % (DEPTH / 8) * 8;
      const bool validX = firstRow + r < rows && depth + c < inFeatures;
      const bool validWeight = firstFeature + r < outFeatures && depth + c < inFeatures;
      copyAsync16(sharedX + (stage * TILE + r) * PITCH + c,
                  x + (validX ? (size_t)(firstRow + r) * inFeatures + depth + c : 0), validX);
      copyAsync16(sharedWeight + (stage * TILE + r) * PITCH + c,
                  weight + (validWeight ? (size_t)(firstFeature + r) * inFeatures + depth + c : 0), validWeight);
    }
    commitCopies();
  };

  const int steps = (inFeatures + DEPTH - 1) / DEPTH;
  load(0, 0);
  for (int step = 0; step < steps; step++) {
    const int stage = step & 1;
    if (step + 1 < steps) {
      load(stage ^ 1, (step + 1) * DEPTH);
      waitCopies<1>();
    } else {
      waitCopies<0>();
    }
    __syncthreads();
#pragma unroll
    for (int d = 0; d < DEPTH; d += 16) {
      uint32_t a[2][4], b[2][4];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        loadMatrix4(a[i], sharedX + (stage * TILE + warpRow * 32 + i * 16 + (lane & 15)) * PITCH + d + (lane >> 4) * 8);
      }
#pragma unroll
      for (int j = 0; j < 2; j++) {
        loadMatrix4(b[j], sharedWeight + (stage * TILE + warpColumn * 32 + j * 16 + (lane & 7) + (lane >> 4) * 8) * PITCH + d +
                              (lane >> 3 & 1) * 8);
      }
#pragma unroll
      for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
          const uint32_t right[2] = {b[j >> 1][(j & 1) * 2], b[j >> 1][(j & 1) * 2 + 1]};
          mma16816<T>(sum[i][j], a[i], right);
        }
      }
    }
    __syncthreads();  // before the next load overwrites this stage
  }

#pragma unroll
  for (int i = 0; i < 2; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
#pragma unroll
      for (int k = 0; k < 4; k++) {
        const int row = firstRow + warpRow * 32 + i * 16 + (lane >> 2) + (k >> 1) * 8;
        const int feature = firstFeature + warpColumn * 32 + j * 8 + (lane & 3) * 2 + (k & 1);
        if (row < rows && feature < outFeatures) {
          out[(size_t)row * outFeatures + feature] =
              fromFloat<T>(sum[i][j][k] + (bias ? toFloat(bias[feature]) : 0.f));
        }
      }
    }
  }
}
// ---- plain arithmetic: for fp32, and for devices without bf16 tensor cores (sm_75) ------------------------------------------
// A tile of 32 x 32 outputs a block, four a thread.  grid = (ceil(outFeatures / 32), ceil(rows / 32)), 256 threads.
template <class T>
DEV void plainGemm(T* out, const T* x, const T* weight, const T* bias, int rows, int outFeatures, int inFeatures) {
  constexpr int TILE = 32;
  __shared__ float sharedX[TILE][TILE + 1], sharedWeight[TILE][TILE + 1];
  const int column = threadIdx.x & 31, line = threadIdx.x >> 5;  // 8 lines of 32 threads
  const int firstRow = blockIdx.y * TILE, firstFeature = blockIdx.x * TILE;
  float sum[4] = {};
  for (int depth = 0; depth < inFeatures; depth += TILE) {
    for (int i = line; i < TILE; i += 8) {
      const bool inside = depth + column < inFeatures;
      sharedX[i][column] =
          inside && firstRow + i < rows ? toFloat(x[(size_t)(firstRow + i) * inFeatures + depth + column]) : 0.f;
      sharedWeight[i][column] = inside && firstFeature + i < outFeatures
                                    ? toFloat(weight[(size_t)(firstFeature + i) * inFeatures + depth + column])
                                    : 0.f;
    }
    __syncthreads();
    for (int d = 0; d < TILE; d++) {
#pragma unroll
      for (int i = 0; i < 4; i++) sum[i] += sharedX[line + 8 * i][d] * sharedWeight[column][d];
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int row = firstRow + line + 8 * i, feature = firstFeature + column;
    if (row < rows && feature < outFeatures) {
      out[(size_t)row * outFeatures + feature] = fromFloat<T>(sum[i] + (bias ? toFloat(bias[feature]) : 0.f));
    }
  }
}
#define GEMM(way, name, T, threads)                                                                                       \
  extern "C" __global__ void __launch_bounds__(threads)                                                                   \
      name##_##T(T* __restrict__ out, const T* __restrict__ x, const T* __restrict__ weight, const T* __restrict__ bias,  \
                 int rows, int outFeatures, int inFeatures) {                                                             \
    way<T>(out, x, weight, bias, rows, outFeatures, inFeatures);                                                          \
  }                                                                                                                       \
  KERNEL(name##_##T);
GEMM(gemm, gemm, bf16, 128)
GEMM(gemm, gemm, fp16, 128)
#define PLAIN_GEMM(T) GEMM(plainGemm, plain_gemm, T, 256)
FOR_EACH_TYPE(PLAIN_GEMM)

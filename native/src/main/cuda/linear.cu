// linear.cu: out = x W^T + bias. x [rows, inFeatures], W [outFeatures, inFeatures], bias [outFeatures] or null,
// out [rows, outFeatures]; inFeatures % 8 == 0. Three ways: by streaming W for few rows and for fp32, by tensor cores, by plain
// arithmetic.
#include "activation.h"
#include "products.h"

// ---- few rows: a warp a feature ------------------------------------------------------------------------------------------------
// grid = (ceil(outFeatures / 4), ceil(rows / ROWS)), 128 threads.
template <class T, int ROWS>
DEV void matrixVector(T* out, const T* x, const T* weight, const T* bias, int rows, int outFeatures, int inFeatures) {
  const int feature = blockIdx.x * 4 + (threadIdx.x >> 5), firstRow = blockIdx.y * ROWS;
  if (feature >= outFeatures) return;  // whole warps leave
  float sum[1][ROWS];
  const T* row[ROWS];
  rowsFrom(row, x, firstRow, rows, inFeatures);
  dotProducts<T, ROWS, 1>(sum, {weight + (size_t)feature * inFeatures}, row, inFeatures);
  const float shift = bias ? toFloat(bias[feature]) : 0.f;
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    if ((threadIdx.x & 31) == 0 && firstRow + r < rows) {
      out[(size_t)(firstRow + r) * outFeatures + feature] = fromFloat<T>(sum[0][r] + shift);
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

// The first half of a gated feed-forward layer in one launch: out[r, f] = activation(gate) * up of
// [gate, up] = x W^T + bias, with W [2 width, inFeatures] and bias [2 width] holding gate, then up. All is rounded where
// matrix_vector and gated round, so that both ways give the same bits.  out [rows, width].
// grid = (ceil(width / 4), ceil(rows / ROWS)), 128 threads.
template <class T, int ROWS>
DEV void gatedMatrixVector(T* out, const T* x, const T* weight, const T* bias, int activation, int rows, int width,
                           int inFeatures) {
  const int feature = blockIdx.x * 4 + (threadIdx.x >> 5), firstRow = blockIdx.y * ROWS;
  if (feature >= width) return;  // whole warps leave
  float sum[2][ROWS];
  const T* row[ROWS];
  rowsFrom(row, x, firstRow, rows, inFeatures);
  const T* gateRow = weight + (size_t)feature * inFeatures;
  dotProducts<T, ROWS, 2>(sum, {gateRow, gateRow + (size_t)width * inFeatures}, row, inFeatures);
  const float gateShift = bias ? toFloat(bias[feature]) : 0.f, upShift = bias ? toFloat(bias[width + feature]) : 0.f;
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    if ((threadIdx.x & 31) == 0 && firstRow + r < rows) {
      const float gate = rounded<T>(sum[0][r] + gateShift), up = rounded<T>(sum[1][r] + upShift);
      out[(size_t)(firstRow + r) * width + feature] = fromFloat<T>(rounded<T>(activate(gate, activation)) * up);
    }
  }
}
#define GATED_MATRIX_VECTOR(T, ROWS)                                                                                      \
  extern "C" __global__ void __launch_bounds__(128)                                                                       \
      gated_matrix_vector_##T##_##ROWS(T* __restrict__ out, const T* __restrict__ x, const T* __restrict__ weight,        \
                                       const T* __restrict__ bias, int activation, int rows, int width,                   \
                                       int inFeatures) {                                                                  \
    gatedMatrixVector<T, ROWS>(out, x, weight, bias, activation, rows, width, inFeatures);                                \
  }                                                                                                                       \
  KERNEL(gated_matrix_vector_##T##_##ROWS);
#define FEW_ROWS(T, ROWS) MATRIX_VECTOR(T, ROWS) GATED_MATRIX_VECTOR(T, ROWS)
#define FEW_ROWS_TYPE(T) FEW_ROWS(T, 1) FEW_ROWS(T, 2) FEW_ROWS(T, 4) FEW_ROWS(T, 8)
FOR_EACH_TYPE(FEW_ROWS_TYPE)

// ---- tensor cores: a tile of 64 x 64 outputs a block ---------------------------------------------------------------------------
// grid = (ceil(outFeatures / 64), ceil(rows / 64)), 128 threads in 2 x 2 warps. sm_80 and later.
template <class T>
DEV void gemm(T* out, const T* x, const T* weight, const T* bias, int rows, int outFeatures, int inFeatures) {
  auto same = [](int row) { return row; };
  gemmTile<T>(out, x, weight, bias, blockIdx.y * GEMM_TILE, rows, blockIdx.x * GEMM_TILE, outFeatures, inFeatures, same, same);
}

// ---- plain arithmetic: 16-bit types on devices without bf16 tensor cores (sm_75) --------------------------------------------
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
GEMM(plainGemm, plain_gemm, bf16, 256)
GEMM(plainGemm, plain_gemm, fp16, 256)

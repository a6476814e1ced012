// linear.cu: out = x W^T + bias. x [rows, inFeatures], W [outFeatures, inFeatures], bias [outFeatures] or null,
// out [rows, outFeatures]; inFeatures % 8 == 0. Three ways: by streaming W for few rows and for fp32, by tensor cores, by plain
// arithmetic.
#include "activation.h"
#include "tensor_core.h"

// ---- few rows: the time is that of reading W, so a warp streams a row of W past ROWS rows of x -----------------------------
/** sum[m][r] = the dot product of weights[m] and x[r], both [inFeatures], in every lane of the warp. */
template <class T, int ROWS, int MATRICES>
DEV void dotProducts(float (&sum)[MATRICES][ROWS], const T* const (&weights)[MATRICES], const T* const (&x)[ROWS],
                     int inFeatures) {
  constexpr int AHEAD = 4 / MATRICES, STRIDE = 32 * 8;  // loads in flight: enough to hide the memory's latency
  const int lane = threadIdx.x & 31;
#pragma unroll
  for (int m = 0; m < MATRICES; m++) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) sum[m][r] = 0.f;
  }
  for (int base = lane * 8; base < inFeatures; base += AHEAD * STRIDE) {
    Eight<T> w[AHEAD][MATRICES] = {};
#pragma unroll
    for (int s = 0; s < AHEAD; s++) {
#pragma unroll
      for (int m = 0; m < MATRICES; m++) {
        if (base + s * STRIDE < inFeatures) w[s][m] = streamEight(weights[m] + base + s * STRIDE);
      }
    }
#pragma unroll
    for (int s = 0; s < AHEAD; s++) {
      const int i = base + s * STRIDE;
      if (i < inFeatures) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
          float a[8];
          load8(x[r] + i, a);
#pragma unroll
          for (int m = 0; m < MATRICES; m++) {
            float b[8];
            unpack8(w[s][m], b);
            // fmaf, and this order, whatever ROWS is: a row's sum has the same bits in any batch.
#pragma unroll
            for (int k = 0; k < 8; k++) sum[m][r] = fmaf(a[k], b[k], sum[m][r]);
          }
        }
      }
    }
  }
#pragma unroll
  for (int m = 0; m < MATRICES; m++) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) sum[m][r] = warpSum(sum[m][r]);
  }
}

/** The rows of x [rows, inFeatures] from first on; past the last one, it again: it may be read, and is not used. */
template <class T, int ROWS>
DEV void rowsFrom(const T* (&row)[ROWS], const T* x, int first, int rows, int inFeatures) {
#pragma unroll
  for (int r = 0; r < ROWS; r++) row[r] = x + (size_t)min(first + r, rows - 1) * inFeatures;
}

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

// ---- tensor cores: a tile of 64 x 64 outputs a block, 32 deep, two tiles in flight ---------------------------------------------
constexpr int GEMM_TILE = 64;
/** Rows [firstRow, firstRow + 64) below rows, and as many features; rowOfX and rowOfOut say where they are. */
template <class T, class RowOfX, class RowOfOut>
DEV void gemmTile(T* out, const T* x, const T* weight, const T* bias, int firstRow, int rows, int firstFeature,
                  int outFeatures, int inFeatures, RowOfX rowOfX, RowOfOut rowOfOut) {
  constexpr int TILE = GEMM_TILE, DEPTH = 32, PITCH = DEPTH + 8, STAGES = 2;  // + 8: ldmatrix without bank conflicts
  DYNAMIC_SHARED(T, sharedX);
  T* sharedWeight = sharedX + STAGES * TILE * PITCH;
  const int t = threadIdx.x, lane = t & 31, warpRow = (t >> 5) & 1, warpColumn = t >> 6;
  float sum[2][4][4] = {};

  // A thread copies the same column of the same rows at every depth.
  constexpr int COPIES = TILE * DEPTH / 8 / 128;
  const int copyColumn = t % (DEPTH / 8) * 8;
  const T* fromX[COPIES];
  const T* fromWeight[COPIES];
#pragma unroll
  for (int n = 0; n < COPIES; n++) {
    const int r = (t + n * 128) / (DEPTH / 8);
    fromX[n] = firstRow + r < rows ? x + (size_t)rowOfX(firstRow + r) * inFeatures : nullptr;
    fromWeight[n] = firstFeature + r < outFeatures ? weight + (size_t)(firstFeature + r) * inFeatures : nullptr;
  }
  auto load = [&](int stage, int depth) {
    const int c = depth + copyColumn;
#pragma unroll
    for (int n = 0; n < COPIES; n++) {
      const int place = (stage * TILE + (t + n * 128) / (DEPTH / 8)) * PITCH + copyColumn;
      const bool validX = fromX[n] && c < inFeatures, validWeight = fromWeight[n] && c < inFeatures;
      copyAsync16(sharedX + place, validX ? fromX[n] + c : x, validX);
      copyAsync16(sharedWeight + place, validWeight ? fromWeight[n] + c : weight, validWeight);
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
          out[(size_t)rowOfOut(row) * outFeatures + feature] =
              fromFloat<T>(sum[i][j][k] + (bias ? toFloat(bias[feature]) : 0.f));
        }
      }
    }
  }
}
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

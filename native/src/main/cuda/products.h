// products.h: the two ways of multiplying by a weight matrix [outFeatures, inFeatures], inFeatures % 8 == 0, for whoever knows
// which rows of x meet which matrix.
#pragma once
#include "tensor_core.h"

// ---- for few rows the time is that of reading the weights: a warp streams a row of them past ROWS rows of x ----------------------
/** sum[m][r] = the dot product of weights[m] and x[r], both [inFeatures], in every lane of the warp. */
template <class T, int ROWS, int MATRICES>
DEV void dotProducts(float (&sum)[MATRICES][ROWS], const T* const (&weights)[MATRICES], const T* const (&x)[ROWS],
                     int inFeatures) {
  constexpr int AHEAD = 4 / MATRICES, STRIDE = 32 * 8;  // weights are loaded this far ahead of their use
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

// ---- tensor cores: a block of 2 x 2 warps makes 64 x 64 outputs, 32 deep at a time, two depths in flight --------------------------
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

// quantized.cu: out = x W^T + bias for W of few bits, for few rows: the time is that of reading W, so the fewer bytes the better.
// x [rows, inFeatures], bias [outFeatures] or null, out [rows, outFeatures]. Weights become fp32 in registers.
#include "device.h"

/** W [outFeatures, inFeatures] of int8 with a scale for each output; inFeatures % 16 == 0. */
struct Int8Weights {
  static constexpr int PER_LOAD = 16;  // weights in 16 bytes
  const int8_t* weight;
  const float* scale;  // [outFeatures]

  DEV const void* at(int feature, int inFeatures, int i) const { return weight + (size_t)feature * inFeatures + i; }
  DEV float scaleAt(int, int, int) const { return 1.f; }
  DEV float scaleOfAll(int feature) const { return scale[feature]; }
  DEV static float element(const Words4& words, int i) { return (float)(int8_t)(words.v[i >> 2] >> (i & 3) * 8 & 0xffu); }
};

/** W [outFeatures, inFeatures] of four bits, an even element in the low half of its byte, as w + 8; a scale [outFeatures,
 * inFeatures / group] for each group of an output's weights; group % 32 == 0, inFeatures % group == 0. */
template <class T>
struct Int4Weights {
  static constexpr int PER_LOAD = 32;
  const uint8_t* weight;
  const T* scale;
  int group;

  DEV const void* at(int feature, int inFeatures, int i) const { return weight + ((size_t)feature * inFeatures + i) / 2; }
  DEV float scaleAt(int feature, int inFeatures, int i) const {
    return toFloat(scale[(size_t)feature * (inFeatures / group) + i / group]);
  }
  DEV float scaleOfAll(int) const { return 1.f; }
  DEV static float element(const Words4& words, int i) {
    return (float)((int)(words.v[i >> 3] >> (i & 7) * 4 & 0xfu) - 8);
  }
};

// A warp takes one output feature of up to ROWS rows; a lane's PER_LOAD weights lie in one group.
// grid = (ceil(outFeatures / 4), ceil(rows / ROWS)), 128 threads.
template <class T, int ROWS, class Weights>
DEV void quantizedMatrixVector(T* out, const T* x, const Weights& weights, const T* bias, int rows, int outFeatures,
                               int inFeatures) {
  constexpr int PER_LOAD = Weights::PER_LOAD;
  const int lane = threadIdx.x & 31, feature = blockIdx.x * 4 + (threadIdx.x >> 5), firstRow = blockIdx.y * ROWS;
  if (feature >= outFeatures) return;  // whole warps leave
  float sum[ROWS] = {};
  for (int i = lane * PER_LOAD; i < inFeatures; i += 32 * PER_LOAD) {
    const Words4 words = streamWords(weights.at(feature, inFeatures, i));
    const float scale = weights.scaleAt(feature, inFeatures, i);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const T* row = x + (size_t)min(firstRow + r, rows - 1) * inFeatures + i;
      float part = 0.f;
#pragma unroll
      for (int e = 0; e < PER_LOAD; e += 8) {
        float a[8];
        load8(row + e, a);
#pragma unroll
        for (int k = 0; k < 8; k++) part = fmaf(a[k], Weights::element(words, e + k), part);
      }
      sum[r] = fmaf(part, scale, sum[r]);
    }
  }
  const float scale = weights.scaleOfAll(feature), shift = bias ? toFloat(bias[feature]) : 0.f;
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    const float total = warpSum(sum[r]);
    if (lane == 0 && firstRow + r < rows) {
      out[(size_t)(firstRow + r) * outFeatures + feature] = fromFloat<T>(fmaf(total, scale, shift));
    }
  }
}
#define QUANTIZED(T, ROWS)                                                                                                 \
  extern "C" __global__ void __launch_bounds__(128) matrix_vector_int8_##T##_##ROWS(                                       \
      T* __restrict__ out, const T* __restrict__ x, const int8_t* __restrict__ weight, const float* __restrict__ scale,    \
      const T* __restrict__ bias, int rows, int outFeatures, int inFeatures) {                                             \
    quantizedMatrixVector<T, ROWS>(out, x, Int8Weights{weight, scale}, bias, rows, outFeatures, inFeatures);               \
  }                                                                                                                        \
  KERNEL(matrix_vector_int8_##T##_##ROWS);                                                                                 \
  extern "C" __global__ void __launch_bounds__(128) matrix_vector_int4_##T##_##ROWS(                                       \
      T* __restrict__ out, const T* __restrict__ x, const uint8_t* __restrict__ weight, const T* __restrict__ scale,       \
      const T* __restrict__ bias, int group, int rows, int outFeatures, int inFeatures) {                                  \
    quantizedMatrixVector<T, ROWS>(out, x, Int4Weights<T>{weight, scale, group}, bias, rows, outFeatures, inFeatures);     \
  }                                                                                                                        \
  KERNEL(matrix_vector_int4_##T##_##ROWS);
#define QUANTIZED_TYPE(T) QUANTIZED(T, 1) QUANTIZED(T, 4)
FOR_EACH_TYPE(QUANTIZED_TYPE)

// norm.cu: RMSNorm (arXiv 1910.07467) and LayerNorm (arXiv 1607.06450), with the residual sum before them in the same pass.
#include "device.h"

// Without residual: out = norm(x).  With it: sum = residual + x; out = norm(sum).  All [rows, hidden]; sum may be residual.
// RMSNorm has a weight and no bias; LayerNorm's bias may be null. weight, bias [hidden] are fp32 whatever T is, so that
// Gemma's 1 + w loses nothing; hidden % 8 == 0.
// grid = rows, whole warps.  Shared: the row as hidden floats, and 32 for sums: the row is read from memory once.
template <class T, bool CENTERED>
DEV void normRows(T* out, T* sum, const T* x, const T* residual, const float* weight, const float* bias, float epsilon,
                  int hidden) {
  DYNAMIC_SHARED(float, row);
  float* scratch = row + hidden;
  const size_t offset = (size_t)blockIdx.x * hidden;
  const int first = threadIdx.x * 8, stride = blockDim.x * 8;

  float total = 0.f;  // of the values, or of their squares
  for (int i = first; i < hidden; i += stride) {
    float v[8];
    load8(x + offset + i, v);
    if (residual) {
      float r[8];
      load8(residual + offset + i, r);
#pragma unroll
      for (int k = 0; k < 8; k++) v[k] = rounded<T>(v[k] + r[k]);
      store8(sum + offset + i, v);
    }
#pragma unroll
    for (int k = 0; k < 8; k++) {
      row[i + k] = v[k];
      total += CENTERED ? v[k] : v[k] * v[k];
    }
  }
  total = blockSum(total, scratch);

  float mean = 0.f;
  if (CENTERED) {
    mean = total / hidden;
    total = 0.f;
    for (int i = first; i < hidden; i += stride) {  // a thread reads what it wrote: no barrier
      for (int k = 0; k < 8; k++) total += (row[i + k] - mean) * (row[i + k] - mean);
    }
    total = blockSum(total, scratch);
  }
  const float factor = rsqrtf(total / hidden + epsilon);

  for (int i = first; i < hidden; i += stride) {
    float w[8], b[8] = {};
    load8(weight + i, w);
    if (CENTERED && bias) load8(bias + i, b);
#pragma unroll
    for (int k = 0; k < 8; k++) w[k] = (row[i + k] - mean) * factor * w[k] + b[k];
    store8(out + offset + i, w);
  }
}
#define NORM(T)                                                                                                           \
  extern "C" __global__ void __launch_bounds__(512)                                                                       \
      rms_norm_##T(T* out, T* sum, const T* x, const T* residual, const float* weight, float epsilon, int hidden) {       \
    normRows<T, false>(out, sum, x, residual, weight, nullptr, epsilon, hidden);                                          \
  }                                                                                                                       \
  KERNEL(rms_norm_##T);                                                                                                   \
  extern "C" __global__ void __launch_bounds__(512) layer_norm_##T(T* out, T* sum, const T* x, const T* residual,         \
                                                                   const float* weight, const float* bias, float epsilon, \
                                                                   int hidden) {                                          \
    normRows<T, true>(out, sum, x, residual, weight, bias, epsilon, hidden);                                              \
  }                                                                                                                       \
  KERNEL(layer_norm_##T);
FOR_EACH_TYPE(NORM)

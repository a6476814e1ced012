// elements.cu: gathering rows, and functions of single elements.
#include "device.h"

// out[i] = table[ids[i]] * factor.  table [rows, width], ids [count], out [count, width]; width % 8 == 0.
// grid = count blocks. An id below 0 (padding) or past the table's end gives zeros: no id reads foreign memory.
template <class T>
DEV void gatherRows(T* out, const T* table, const int* ids, float factor, int rows, int width) {
  const int id = ids[blockIdx.x];
  const bool known = id >= 0 && id < rows;
  const T* from = table + (size_t)(known ? id : 0) * width;
  T* to = out + (size_t)blockIdx.x * width;
  for (int i = threadIdx.x * 8; i < width; i += blockDim.x * 8) {
    float x[8];
    load8(from + i, x);
#pragma unroll
    for (int k = 0; k < 8; k++) x[k] = known ? x[k] * factor : 0.f;
    store8(to + i, x);
  }
}
#define GATHER(T)                                                                                                         \
  extern "C" __global__ void __launch_bounds__(256) gather_rows_##T(T* __restrict__ out, const T* __restrict__ table,     \
                                                                    const int* __restrict__ ids, float factor, int rows,  \
                                                                    int width) {                                          \
    gatherRows<T>(out, table, ids, factor, rows, width);                                                                  \
  }                                                                                                                       \
  KERNEL(gather_rows_##T);
FOR_EACH_TYPE(GATHER)

enum Activation { SILU = 0, GELU_TANH = 1, GELU = 2 };
DEV float activate(float x, int activation) {
  if (activation == SILU) return x / (1.f + exp2Fast(-x * LOG2E));
  if (activation == GELU_TANH) return 0.5f * x * (1.f + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)));
  return 0.5f * x * (1.f + erff(x * 0.70710678118654752f));
}

// out[r, i] = activation(gateUp[r, i]) * gateUp[r, width + i].  gateUp [rows, 2 width]; width % 8 == 0.
// grid = (ceil(width / 8 / threads), rows)
template <class T>
DEV void gated(T* out, const T* gateUp, int activation, int width) {
  const int i = (blockIdx.x * blockDim.x + threadIdx.x) * 8;
  if (i >= width) return;
  const T* row = gateUp + (size_t)blockIdx.y * 2 * width;
  float gate[8], up[8];
  load8(row + i, gate);
  load8(row + width + i, up);
#pragma unroll
  for (int k = 0; k < 8; k++) up[k] *= rounded<T>(activate(gate[k], activation));
  store8(out + (size_t)blockIdx.y * width + i, up);
}
#define GATED(T)                                                                                                    \
  extern "C" __global__ void __launch_bounds__(128) gated_##T(T* __restrict__ out, const T* __restrict__ gateUp,    \
                                                              int activation, int width) {                          \
    gated<T>(out, gateUp, activation, width);                                                                       \
  }                                                                                                                 \
  KERNEL(gated_##T);
FOR_EACH_TYPE(GATED)

// out = a + b; and out = cap * tanh(a / cap) or factor * a. count elements, count % 8 == 0; out may be a.
enum Pointwise { ADD = 0, SCALE = 1, SOFT_CAP = 2 };
template <class T>
DEV void pointwise(T* out, const T* a, const T* b, int function, float number, int count) {
  const int i = (blockIdx.x * blockDim.x + threadIdx.x) * 8;
  if (i >= count) return;
  float x[8], y[8];
  load8(a + i, x);
  if (function == ADD) load8(b + i, y);
#pragma unroll
  for (int k = 0; k < 8; k++) {
    if (function == ADD) x[k] += y[k];
    if (function == SCALE) x[k] *= number;
    if (function == SOFT_CAP) x[k] = number * tanhf(x[k] / number);
  }
  store8(out + i, x);
}
#define POINTWISE(T)                                                                                                   \
  extern "C" __global__ void __launch_bounds__(256)                                                                    \
      pointwise_##T(T* out, const T* a, const T* b, int function, float number, int count) {                           \
    pointwise<T>(out, a, b, function, number, count);                                                                  \
  }                                                                                                                    \
  KERNEL(pointwise_##T);
FOR_EACH_TYPE(POINTWISE)

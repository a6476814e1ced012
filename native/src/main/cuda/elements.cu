// elements.cu: gathering rows, and functions of single elements.
#include "activation.h"

// out[i] = table[ids[i]] * factor.  table [rows, width], ids [count], out [count, width]; fastest where 8 divides the width,
// since else rows begin where no vector may be read.
// grid = count blocks. An id below 0 (padding) or past the table's end gives zeros: no id reads foreign memory.
template <class T>
DEV void gatherRows(T* out, const T* table, const int* ids, float factor, int rows, int width) {
  const int id = ids[blockIdx.x];
  const bool known = id >= 0 && id < rows;
  const T* from = table + (size_t)(known ? id : 0) * width;
  T* to = out + (size_t)blockIdx.x * width;
  if (width % 8 != 0) {
    for (int i = threadIdx.x; i < width; i += blockDim.x) to[i] = fromFloat<T>(known ? toFloat(from[i]) * factor : 0.f);
    return;
  }
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

// out = a + b; and out = cap * tanh(a / cap) or factor * a. count elements; out may be a.
enum Pointwise { ADD = 0, SCALE = 1, SOFT_CAP = 2 };
DEV float pointwise(int function, float number, float x, float y) {
  if (function == ADD) return x + y;
  if (function == SCALE) return x * number;
  return number * tanhf(x / number);
}
template <class T>
DEV void pointwiseAll(T* out, const T* a, const T* b, int function, float number, int count) {
  const int i = (blockIdx.x * blockDim.x + threadIdx.x) * 8;
  if (i + 8 <= count) {
    float x[8], y[8];
    load8(a + i, x);
    load8(b + i, y);
#pragma unroll
    for (int k = 0; k < 8; k++) x[k] = pointwise(function, number, x[k], y[k]);
    store8(out + i, x);
  } else {  // logits of vocabularies that no 8 divides
    for (int k = i; k < count; k++) out[k] = fromFloat<T>(pointwise(function, number, toFloat(a[k]), toFloat(b[k])));
  }
}
#define POINTWISE(T)                                                                                                   \
  extern "C" __global__ void __launch_bounds__(256)                                                                    \
      pointwise_##T(T* out, const T* a, const T* b, int function, float number, int count) {                           \
    pointwiseAll<T>(out, a, b, function, number, count);                                                                  \
  }                                                                                                                    \
  KERNEL(pointwise_##T);
FOR_EACH_TYPE(POINTWISE)

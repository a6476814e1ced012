// moe.cu: which experts a token goes to (arXiv 2401.04088).
#include "device.h"

// experts[t, k], weights[t, k]: the topK largest of softmax(logits[t, 0..expertCount)), largest first, ties to the lowest
// expert; normalised to sum to one when asked. expertCount <= 256, topK <= 32.  grid = ceil(tokens / 4), 128 threads: a warp a token.
template <class T>
DEV void routeTokens(int* experts, float* weights, const T* logits, int tokens, int expertCount, int topK, int normalise) {
  constexpr int PER_LANE = 8;
  const int lane = threadIdx.x & 31, token = blockIdx.x * 4 + (threadIdx.x >> 5);
  if (token >= tokens) return;  // whole warps leave
  float x[PER_LANE], highest = LOWEST;
#pragma unroll
  for (int j = 0; j < PER_LANE; j++) {
    const int e = j * 32 + lane;
    x[j] = e < expertCount ? toFloat(logits[(size_t)token * expertCount + e]) : LOWEST;
    highest = fmaxf(highest, x[j]);
  }
  highest = warpMax(highest);
  float sum = 0.f;
#pragma unroll
  for (int j = 0; j < PER_LANE; j++) {
    x[j] = j * 32 + lane < expertCount ? exp2Fast((x[j] - highest) * LOG2E) : -1.f;
    sum += fmaxf(x[j], 0.f);
  }
  sum = warpSum(sum);
  float chosenSum = 0.f, myWeight = 0.f;
  int myExpert = 0;
  for (int k = 0; k < topK; k++) {  // lane k keeps the k-th choice
    float value = -1.f;
    int index = 0x7fffffff;
#pragma unroll
    for (int j = 0; j < PER_LANE; j++) {
      if (x[j] > value) {
        value = x[j];
        index = j * 32 + lane;
      }
    }
#pragma unroll
    for (int offset = 16; offset; offset >>= 1) {
      const float otherValue = __shfl_xor_sync(ALL_LANES, value, offset);
      const int otherIndex = __shfl_xor_sync(ALL_LANES, index, offset);
      if (otherValue > value || (otherValue == value && otherIndex < index)) {
        value = otherValue;
        index = otherIndex;
      }
    }
#pragma unroll
    for (int j = 0; j < PER_LANE; j++) {
      if (j * 32 + lane == index) x[j] = -1.f;
    }
    chosenSum += value;
    if (lane == k) {
      myExpert = index;
      myWeight = value;
    }
  }
  if (lane < topK) {
    experts[(size_t)token * topK + lane] = myExpert;
    weights[(size_t)token * topK + lane] = myWeight / (normalise ? chosenSum : sum);
  }
}
#define ROUTE(T)                                                                                                         \
  extern "C" __global__ void __launch_bounds__(128)                                                                      \
      route_tokens_##T(int* __restrict__ experts, float* __restrict__ weights, const T* __restrict__ logits, int tokens, \
                       int expertCount, int topK, int normalise) {                                                       \
    routeTokens<T>(experts, weights, logits, tokens, expertCount, topK, normalise);                                      \
  }                                                                                                                      \
  KERNEL(route_tokens_##T);
FOR_EACH_TYPE(ROUTE)

// rope.cu: from a fused projection to rotated queries and a written KV cache, in one launch.
#include "device.h"

// Takes each head of qkv [tokens, queryHeads + 2 kvHeads, headDim]; norms queries and keys where fp32 weights [headDim] are
// given (Qwen 3, Gemma 3); rotates their first rotaryDim elements (half-split form, arXiv 2104.09864, cosines and sines
// [positions, rotaryDim / 2] with any scaling already in them); writes queries [tokens, queryHeads, headDim], and keys and
// values to slots of the caches [blocks, kvHeads, blockSize, headDim].
// A token whose slot is below 0 is padding: its queries become zeros and nothing is cached.
// grid = (ceil(heads / 4), tokens), 128 threads: a warp a head.
template <class T>
DEV void rotateAndCache(T* queries, T* keys, T* values, const T* qkv, const float* queryNorm,
                        const float* keyNorm, const float* cosines, const float* sines, const int* positions, const int* slots, float epsilon,
                        int queryHeads, int kvHeads, int headDim, int rotaryDim, int blockSize) {
  const int lane = threadIdx.x & 31, token = blockIdx.y, heads = queryHeads + 2 * kvHeads;
  const int head = blockIdx.x * 4 + (threadIdx.x >> 5);
  if (head >= heads) return;  // whole warps leave
  const bool isQuery = head < queryHeads, isKey = !isQuery && head < queryHeads + kvHeads;
  const int slot = slots[token];
  if (slot < 0 && !isQuery) return;

  T* to;
  if (isQuery) {
    to = queries + ((size_t)token * queryHeads + head) * headDim;
  } else {
    const int kvHead = (head - queryHeads) % kvHeads;
    const size_t place = ((size_t)(slot / blockSize) * kvHeads + kvHead) * blockSize + slot % blockSize;
    to = (isKey ? keys : values) + place * headDim;
  }
  const T* from = qkv + ((size_t)token * heads + head) * headDim;
  if (slot < 0) {
    for (int i = lane; i < headDim; i += 32) to[i] = fromFloat<T>(0.f);
    return;
  }

  const float* norm = isQuery ? queryNorm : isKey ? keyNorm : nullptr;
  float factor = 1.f;
  if (norm) {
    float squares = 0.f;
    for (int i = lane; i < headDim; i += 32) squares += toFloat(from[i]) * toFloat(from[i]);
    factor = rsqrtf(warpSum(squares) / headDim + epsilon);
  }
  auto element = [&](int i) {
    const float x = toFloat(from[i]);
    return norm ? x * factor * norm[i] : x;
  };
  const int half = rotaryDim / 2;
  const size_t angles = (size_t)positions[token] * half;
  for (int i = lane; i < headDim; i += 32) {
    float x = element(i);
    if ((isQuery || isKey) && i < rotaryDim) {
      const int pair = i < half ? i : i - half;
      const float cosine = cosines[angles + pair], sine = sines[angles + pair];
      x = i < half ? x * cosine - element(i + half) * sine : x * cosine + element(i - half) * sine;
    }
    to[i] = fromFloat<T>(x);
  }
}
#define ROPE(T)                                                                                                           \
  extern "C" __global__ void __launch_bounds__(128)                                                                       \
      rotate_and_cache_##T(T* __restrict__ queries, T* __restrict__ keys, T* __restrict__ values,                         \
                           const T* __restrict__ qkv, const float* __restrict__ queryNorm,                                \
                           const float* __restrict__ keyNorm, const float* __restrict__ cosines,                          \
                           const float* __restrict__ sines,                                                               \
                           const int* __restrict__ positions, const int* __restrict__ slots, float epsilon,               \
                           int queryHeads, int kvHeads, int headDim, int rotaryDim, int blockSize) {                      \
    rotateAndCache<T>(queries, keys, values, qkv, queryNorm, keyNorm, cosines, sines, positions, slots, epsilon,          \
                      queryHeads, kvHeads, headDim, rotaryDim, blockSize);                                                \
  }                                                                                                                       \
  KERNEL(rotate_and_cache_##T);
FOR_EACH_TYPE(ROPE)

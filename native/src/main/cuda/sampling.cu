// sampling.cu: from logits to token ids on the device.
#include "device.h"

/** A candidate for the largest element: its value and its place; ties go to the lowest place, NaN beats everything. */
struct Best {
  float value;
  int index;
};
DEV Best better(Best a, Best b) {
  if (a.value != a.value) return a;
  if (b.value != b.value) return b;
  if (a.value != b.value) return a.value > b.value ? a : b;
  return a.index < b.index ? a : b;
}
/** The best of the block, for every thread. values, indices: 32 each in shared memory. */
DEV Best blockBest(Best mine, float* values, int* indices) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  auto warpBest = [](Best b) {
#pragma unroll
    for (int offset = 16; offset; offset >>= 1) {
      const Best other{__shfl_xor_sync(ALL_LANES, b.value, offset), __shfl_xor_sync(ALL_LANES, b.index, offset)};
      b = better(b, other);
    }
    return b;
  };
  mine = warpBest(mine);
  __syncthreads();
  if (lane == 0) {
    values[warp] = mine.value;
    indices[warp] = mine.index;
  }
  __syncthreads();
  return warpBest(lane < warps ? Best{values[lane], indices[lane]} : Best{-INFINITY, 0x7fffffff});
}

// ids[r] = place of the largest of logits[r, 0..vocabulary); ties to the lowest; -1 where a row holds NaN or its largest is
// infinite.  grid = rows, whole warps.
template <class T>
DEV void argmaxRows(int* ids, const T* logits, int vocabulary) {
  __shared__ float values[32];
  __shared__ int indices[32];
  const T* row = logits + (size_t)blockIdx.x * vocabulary;
  Best best{-INFINITY, 0x7fffffff};
  for (int i = threadIdx.x; i < vocabulary; i += blockDim.x) best = better(best, Best{toFloat(row[i]), i});
  best = blockBest(best, values, indices);
  const bool finite = best.value - best.value == 0.f;
  if (threadIdx.x == 0) ids[blockIdx.x] = finite ? best.index : -1;
}
#define ARGMAX(T)                                                                                                      \
  extern "C" __global__ void __launch_bounds__(512)                                                                    \
      argmax_##T(int* __restrict__ ids, const T* __restrict__ logits, int vocabulary) {                                \
    argmaxRows<T>(ids, logits, vocabulary);                                                                            \
  }                                                                                                                    \
  KERNEL(argmax_##T);
FOR_EACH_TYPE(ARGMAX)

// Draws ids[r] from the softmax of logits[r] / temperatures[r], cut in vLLM's order: to what is at least minP times the
// likeliest, to the topK likeliest (0: all), to the smallest set that holds topP. uniforms[r] in [0, 1) is the draw, so that
// the caller owns seeds. A temperature of 0 takes the likeliest. Rows that hold NaN or whose largest is infinite give -1.
// Cuts are thresholds, found by halving the interval of weights: no sort, no room for a second copy of the row. Elements of
// one weight are kept or dropped together.  grid = rows, whole warps.
template <class T>
DEV void sampleRows(int* ids, const T* logits, const float* temperatures, const float* minPs, const int* topKs,
                    const float* topPs, const float* uniforms, int vocabulary) {
  __shared__ float values[32];
  __shared__ int indices[32];
  constexpr int HALVINGS = 32;
  const T* row = logits + (size_t)blockIdx.x * vocabulary;
  Best best{-INFINITY, 0x7fffffff};
  for (int i = threadIdx.x; i < vocabulary; i += blockDim.x) best = better(best, Best{toFloat(row[i]), i});
  best = blockBest(best, values, indices);
  const float temperature = temperatures[blockIdx.x];
  if (best.value - best.value != 0.f || temperature <= 0.f) {
    if (threadIdx.x == 0) ids[blockIdx.x] = best.value - best.value != 0.f ? -1 : best.index;
    return;  // the whole block
  }
  // Weights in (0, 1], the likeliest has 1.
  auto weight = [&](int i) { return exp2Fast((toFloat(row[i]) - best.value) / temperature * LOG2E); };
  auto sumFrom = [&](float threshold, bool countOnly) {
    float sum = 0.f;
    for (int i = threadIdx.x; i < vocabulary; i += blockDim.x) {
      const float w = weight(i);
      if (w >= threshold) sum += countOnly ? 1.f : w;
    }
    return blockSum(sum, values);
  };
  float threshold = minPs[blockIdx.x];
  const int topK = topKs[blockIdx.x];
  if (topK > 0 && sumFrom(threshold, true) > (float)topK) {
    // The highest threshold that still keeps topK elements: low keeps at least topK, high fewer.
    float low = threshold, high = 1.5f;
    for (int i = 0; i < HALVINGS; i++) {
      const float middle = 0.5f * (low + high);
      if (sumFrom(middle, true) >= (float)topK) low = middle;
      else high = middle;
    }
    threshold = low;
  }
  float total = sumFrom(threshold, false);
  const float topP = topPs[blockIdx.x];
  if (topP < 1.f) {
    const float wanted = topP * total;
    float low = threshold, high = 1.5f;
    for (int i = 0; i < HALVINGS; i++) {
      const float middle = 0.5f * (low + high);
      if (sumFrom(middle, false) >= wanted) low = middle;
      else high = middle;
    }
    threshold = low;
    total = sumFrom(threshold, false);
  }
  // The place where the running sum, in order of ids, passes the draw: first which thread's stretch, then inside it.
  const int stretch = (vocabulary + blockDim.x - 1) / blockDim.x;
  const int from = threadIdx.x * stretch, to = min(vocabulary, from + stretch);
  float mine = 0.f;
  int last = -1;
  for (int i = from; i < to; i++) {
    const float w = weight(i);
    if (w >= threshold) {
      mine += w;
      last = i;
    }
  }
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  float before = mine;  // becomes the sum of this warp's lanes up to this one
#pragma unroll
  for (int offset = 1; offset < 32; offset <<= 1) {
    const float lower = __shfl_up_sync(ALL_LANES, before, offset);
    if (lane >= offset) before += lower;
  }
  __syncthreads();
  if (lane == 31) values[warp] = before;
  if (threadIdx.x == 0) indices[0] = vocabulary;
  __syncthreads();
  float base = 0.f, all = 0.f;
  for (int w = 0; w < warps; w++) {
    if (w < warp) base += values[w];
    all += values[w];
  }
  const float target = uniforms[blockIdx.x] * all;
  const float end = base + before, begin = end - mine;
  if (last >= 0 && begin <= target && target < end) {
    float sum = begin;
    int chosen = last;
    for (int i = from; i < to; i++) {
      const float w = weight(i);
      if (w < threshold) continue;
      sum += w;
      if (sum > target) {
        chosen = i;
        break;
      }
    }
    atomicMin(&indices[0], chosen);  // two neighbours may both claim a target on their rounded seam
  }
  __syncthreads();
  if (threadIdx.x == 0) ids[blockIdx.x] = indices[0] < vocabulary ? indices[0] : best.index;
}
#define SAMPLE(T)                                                                                                        \
  extern "C" __global__ void __launch_bounds__(512)                                                                      \
      sample_##T(int* __restrict__ ids, const T* __restrict__ logits, const float* __restrict__ temperatures,            \
                 const float* __restrict__ minPs, const int* __restrict__ topKs, const float* __restrict__ topPs,        \
                 const float* __restrict__ uniforms, int vocabulary) {                                                   \
    sampleRows<T>(ids, logits, temperatures, minPs, topKs, topPs, uniforms, vocabulary);                                 \
  }                                                                                                                      \
  KERNEL(sample_##T);
FOR_EACH_TYPE(SAMPLE)

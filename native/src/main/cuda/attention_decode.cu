// attention_decode.cu: attention of single query tokens over a paged KV cache, split over the context (Flash-Decoding).
#include "device.h"

/** What both attention kernels need to know beside their tensors; passed by value. */
struct AttentionShape {
  int queryHeads, kvHeads, headDim;
  int blockSize, tableWidth;  // tokens of a block; blocks of a row of the block tables
  float scale;
  int window;                 // a token sees itself and window - 1 before it; 0: all
  float softCap;              // cap * tanh(score / cap); 0: none
};
DEV float score(float dot, const AttentionShape& shape) {  // in units of log2
  float s = dot * shape.scale;
  if (shape.softCap > 0.f) s = shape.softCap * tanhf(s / shape.softCap);
  return s * LOG2E;
}

// queries, out [rows, queryHeads, headDim]; caches [blocks, kvHeads, blockSize, headDim]; blockTables [sequences, tableWidth].
// Row r belongs to sequence rowSequences[r] and sees its first rowLengths[r] tokens; 0: padding, the result is zero.
// grid = (kvHeads * ceil(group / GROUP), rows, splits), 128 threads. A block serves up to GROUP query heads of one kv head.
// LANES lanes share one token, 8 elements each (headDim <= 8 LANES, headDim % 8 == 0), so that a warp reads 32 / LANES tokens
// at once, all loads of a step before their use.
// splits == 1: writes out. Else writes the unnormalised sums [rows, queryHeads, splits, headDim] and their (maximum, weight)
// [rows, queryHeads, splits, 2], both fp32, for combine_splits.
template <class T, int LANES, int GROUP>
DEV void decodeAttention(T* out, float* splitWeights, float* splitSums, const T* queries, const T* keys, const T* values,
                         const int* blockTables, const int* rowSequences, const int* rowLengths, AttentionShape shape) {
  constexpr int WARPS = 4, TOKENS = 32 / LANES, STEPS = 2, WIDTH = 8 * LANES;
  const int group = shape.queryHeads / shape.kvHeads, chunks = (group + GROUP - 1) / GROUP;
  const int kvHead = blockIdx.x / chunks, firstHead = kvHead * group + blockIdx.x % chunks * GROUP;
  const int heads = min(GROUP, group - (int)(blockIdx.x % chunks) * GROUP);
  const int row = blockIdx.y, split = blockIdx.z, splits = gridDim.z;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, sub = lane / LANES, first = lane % LANES * 8;
  const bool used = first < shape.headDim;
  const int* table = blockTables + (size_t)rowSequences[row] * shape.tableWidth;

  const int length = rowLengths[row], begin = shape.window > 0 ? max(0, length - shape.window) : 0;
  const int share = (length - begin + splits - 1) / splits;
  const int from = begin + split * share, to = min(length, from + share);

  float q[GROUP][8], sum[GROUP][8], highest[GROUP], weight[GROUP];
#pragma unroll
  for (int g = 0; g < GROUP; g++) {
    highest[g] = LOWEST;
    weight[g] = 0.f;
#pragma unroll
    for (int k = 0; k < 8; k++) q[g][k] = sum[g][k] = 0.f;
    if (g < heads && used) load8(queries + ((size_t)row * shape.queryHeads + firstHead + g) * shape.headDim + first, q[g]);
  }

  for (int base = from + warp * TOKENS * STEPS; base < to; base += WARPS * TOKENS * STEPS) {  // the same for the whole warp
    float key[STEPS][8], value[STEPS][8];
    bool valid[STEPS];
#pragma unroll
    for (int s = 0; s < STEPS; s++) {
      const int token = base + s * TOKENS + sub;
      valid[s] = token < to;
      const int readable = valid[s] ? token : from;
      const size_t place =
          ((size_t)table[readable / shape.blockSize] * shape.kvHeads + kvHead) * shape.blockSize + readable % shape.blockSize;
#pragma unroll
      for (int k = 0; k < 8; k++) key[s][k] = value[s][k] = 0.f;
      if (used) {
        load8(keys + place * shape.headDim + first, key[s]);
        load8(values + place * shape.headDim + first, value[s]);
      }
    }
#pragma unroll
    for (int s = 0; s < STEPS; s++) {
#pragma unroll
      for (int g = 0; g < GROUP; g++) {
        float dot = 0.f;
#pragma unroll
        for (int k = 0; k < 8; k++) dot += q[g][k] * key[s][k];
#pragma unroll
        for (int offset = LANES / 2; offset; offset >>= 1) dot += __shfl_xor_sync(ALL_LANES, dot, offset);
        const float x = valid[s] ? score(dot, shape) : LOWEST;
        const float now = fmaxf(highest[g], x), before = exp2Fast(highest[g] - now);
        const float p = valid[s] ? exp2Fast(x - now) : 0.f;
        highest[g] = now;
        weight[g] = weight[g] * before + p;
#pragma unroll
        for (int k = 0; k < 8; k++) sum[g][k] = sum[g][k] * before + p * value[s][k];
      }
    }
  }

  // Merge the token groups of the warp, then, through shared memory, the warps. [WARPS][GROUP][WIDTH + 2] floats.
  DYNAMIC_SHARED(float, merged);
#pragma unroll
  for (int g = 0; g < GROUP; g++) {
#pragma unroll
    for (int offset = LANES; offset < 32; offset <<= 1) {
      const float otherHighest = __shfl_xor_sync(ALL_LANES, highest[g], offset);
      const float otherWeight = __shfl_xor_sync(ALL_LANES, weight[g], offset);
      const float now = fmaxf(highest[g], otherHighest);
      const float mine = exp2Fast(highest[g] - now), others = exp2Fast(otherHighest - now);
      highest[g] = now;
      weight[g] = weight[g] * mine + otherWeight * others;
#pragma unroll
      for (int k = 0; k < 8; k++) sum[g][k] = sum[g][k] * mine + __shfl_xor_sync(ALL_LANES, sum[g][k], offset) * others;
    }
    float* slot = merged + (warp * GROUP + g) * (WIDTH + 2);
    if (sub == 0) {
#pragma unroll
      for (int k = 0; k < 8; k++) slot[first + k] = sum[g][k];
      if (lane == 0) {
        slot[WIDTH] = highest[g];
        slot[WIDTH + 1] = weight[g];
      }
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < heads * shape.headDim; i += blockDim.x) {
    const int g = i / shape.headDim, d = i % shape.headDim;
    float top = LOWEST, total = 0.f, result = 0.f;
#pragma unroll
    for (int w = 0; w < WARPS; w++) top = fmaxf(top, merged[(w * GROUP + g) * (WIDTH + 2) + WIDTH]);
#pragma unroll
    for (int w = 0; w < WARPS; w++) {
      const float* slot = merged + (w * GROUP + g) * (WIDTH + 2);
      const float factor = exp2Fast(slot[WIDTH] - top);
      total += slot[WIDTH + 1] * factor;
      result += slot[d] * factor;
    }
    const size_t head = (size_t)row * shape.queryHeads + firstHead + g;
    if (splits == 1) {
      out[head * shape.headDim + d] = fromFloat<T>(total > 0.f ? result / total : 0.f);
    } else {
      splitSums[(head * splits + split) * shape.headDim + d] = result;
      if (d == 0) {
        splitWeights[(head * splits + split) * 2] = top;
        splitWeights[(head * splits + split) * 2 + 1] = total;
      }
    }
  }
}
#define DECODE(T, LANES, GROUP)                                                                                           \
  extern "C" __global__ void __launch_bounds__(128) decode_attention_##T##_##LANES##_##GROUP(                             \
      T* __restrict__ out, float* __restrict__ splitWeights, float* __restrict__ splitSums, const T* __restrict__ queries, \
      const T* __restrict__ keys, const T* __restrict__ values, const int* __restrict__ blockTables,                      \
      const int* __restrict__ rowSequences, const int* __restrict__ rowLengths, int queryHeads, int kvHeads, int headDim, \
      int blockSize, int tableWidth, float scale, int window, float softCap) {                                            \
    decodeAttention<T, LANES, GROUP>(                                                                                     \
        out, splitWeights, splitSums, queries, keys, values, blockTables, rowSequences, rowLengths,                       \
        AttentionShape{queryHeads, kvHeads, headDim, blockSize, tableWidth, scale, window, softCap});                     \
  }                                                                                                                       \
  KERNEL(decode_attention_##T##_##LANES##_##GROUP);
#define DECODE_TYPE(T) \
  DECODE(T, 8, 1) DECODE(T, 8, 4) DECODE(T, 8, 8) DECODE(T, 16, 1) DECODE(T, 16, 4) DECODE(T, 16, 8) \
  DECODE(T, 32, 1) DECODE(T, 32, 4) DECODE(T, 32, 8)
FOR_EACH_TYPE(DECODE_TYPE)

// out [rows, heads, headDim] from the splits' sums and weights.  grid = (heads, rows), headDim threads or more.
template <class T>
DEV void combineSplits(T* out, const float* splitWeights, const float* splitSums, int splits, int headDim) {
  const size_t head = (size_t)blockIdx.y * gridDim.x + blockIdx.x;
  const int d = threadIdx.x;
  if (d >= headDim) return;
  float top = LOWEST, total = 0.f, result = 0.f;
  for (int s = 0; s < splits; s++) top = fmaxf(top, splitWeights[(head * splits + s) * 2]);
  for (int s = 0; s < splits; s++) {
    const float factor = exp2Fast(splitWeights[(head * splits + s) * 2] - top);
    total += splitWeights[(head * splits + s) * 2 + 1] * factor;
    result += splitSums[(head * splits + s) * headDim + d] * factor;
  }
  out[head * headDim + d] = fromFloat<T>(total > 0.f ? result / total : 0.f);
}
#define COMBINE(T)                                                                                                  \
  extern "C" __global__ void __launch_bounds__(256)                                                                 \
      combine_splits_##T(T* __restrict__ out, const float* __restrict__ splitWeights,                               \
                         const float* __restrict__ splitSums, int splits, int headDim) {                            \
    combineSplits<T>(out, splitWeights, splitSums, splits, headDim);                                                \
  }                                                                                                                 \
  KERNEL(combine_splits_##T);
FOR_EACH_TYPE(COMBINE)

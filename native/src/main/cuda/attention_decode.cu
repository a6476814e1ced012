// attention_decode.cu: attention of single query tokens over a paged KV cache, split over the context (Flash-Decoding).
// One launch: of the blocks that share a row, the last one to finish merges what all have found.
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

/** Whether this block is the last of so many to come here; what they all wrote before, it may read by __ldcg. */
DEV bool isLastBlock(int* ticket, int blocks) {
  __shared__ bool last;
  __threadfence();  // what this thread wrote is there before the ticket is taken
  __syncthreads();
  if (threadIdx.x == 0) {
    last = atomicAdd(ticket, 1) == blocks - 1;
    if (last) *ticket = 0;  // for the next launch
  }
  __syncthreads();
  __threadfence();
  return last;
}

// queries, out [rows, queryHeads, headDim]; caches [blocks, kvHeads, blockSize, headDim]; blockTables [sequences, tableWidth].
// Row r belongs to sequence rowSequences[r] and sees its first rowLengths[r] tokens; 0: padding, the result is zero.
// grid = (kvHeads * ceil(group / GROUP), rows, splits), 128 threads. A block serves up to GROUP query heads of one kv head.
// LANES lanes share one token, 8 elements each (headDim <= 8 LANES, headDim % 8 == 0), so that a warp reads 32 / LANES tokens
// at once, all loads of a step before their use.
// A split has splitTokens tokens of what the row sees, whatever the other rows' lengths are: with the same splitTokens a row's
// result has the same bits in any batch. Blocks past a row's last split leave at once. A row of one split is written by its
// block; else blocks leave unnormalised sums [rows, queryHeads, splits, headDim] and their (maximum, weight)
// [rows, queryHeads, splits, 2], both fp32. tickets [rows, gridDim.x]: zeros before and after.
template <class T, int LANES, int GROUP>
DEV void decodeAttention(T* out, float* splitWeights, float* splitSums, int* tickets, const T* queries, const T* keys,
                         const T* values, const int* blockTables, const int* rowSequences, const int* rowLengths,
                         int splitTokens, AttentionShape shape) {
  constexpr int WARPS = 4, TOKENS = 32 / LANES, STEPS = 2, WIDTH = 8 * LANES;
  const int group = shape.queryHeads / shape.kvHeads, chunks = (group + GROUP - 1) / GROUP;
  const int kvHead = blockIdx.x / chunks, firstHead = kvHead * group + blockIdx.x % chunks * GROUP;
  const int heads = min(GROUP, group - (int)(blockIdx.x % chunks) * GROUP);
  const int row = blockIdx.y, split = blockIdx.z, splits = gridDim.z;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, sub = lane / LANES, first = lane % LANES * 8;
  const bool used = first < shape.headDim;
  const int* table = blockTables + (size_t)rowSequences[row] * shape.tableWidth;

  const int length = rowLengths[row], begin = shape.window > 0 ? max(0, length - shape.window) : 0;
  const int mySplits = max(1, (length - begin + splitTokens - 1) / splitTokens);
  if (split >= mySplits) return;  // the whole block
  const int from = begin + split * splitTokens, to = min(length, from + splitTokens);

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
        stream8(keys + place * shape.headDim + first, key[s]);
        stream8(values + place * shape.headDim + first, value[s]);
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
    if (mySplits == 1) {
      out[head * shape.headDim + d] = fromFloat<T>(total > 0.f ? result / total : 0.f);
    } else {
      splitSums[(head * splits + split) * shape.headDim + d] = result;
      if (d == 0) {
        splitWeights[(head * splits + split) * 2] = top;
        splitWeights[(head * splits + split) * 2 + 1] = total;
      }
    }
  }
  if (mySplits == 1 || !isLastBlock(tickets + (size_t)row * gridDim.x + blockIdx.x, mySplits)) return;
  for (int i = threadIdx.x; i < heads * shape.headDim; i += blockDim.x) {
    const size_t head = (size_t)row * shape.queryHeads + firstHead + i / shape.headDim;
    const int d = i % shape.headDim;
    const float* weights = splitWeights + head * splits * 2;
    const float* sums = splitSums + head * splits * shape.headDim + d;
    float top = LOWEST, total = 0.f, result = 0.f;
    for (int s = 0; s < mySplits; s++) top = fmaxf(top, __ldcg(weights + 2 * s));
    for (int s = 0; s < mySplits; s++) {
      const float factor = exp2Fast(__ldcg(weights + 2 * s) - top);
      total += __ldcg(weights + 2 * s + 1) * factor;
      result += __ldcg(sums + (size_t)s * shape.headDim) * factor;
    }
    out[head * shape.headDim + d] = fromFloat<T>(total > 0.f ? result / total : 0.f);
  }
}
#define DECODE(T, LANES, GROUP)                                                                                           \
  extern "C" __global__ void __launch_bounds__(128) decode_attention_##T##_##LANES##_##GROUP(                             \
      T* __restrict__ out, float* splitWeights, float* splitSums, int* tickets, const T* __restrict__ queries,            \
      const T* __restrict__ keys, const T* __restrict__ values, const int* __restrict__ blockTables,                      \
      const int* __restrict__ rowSequences, const int* __restrict__ rowLengths, int splitTokens, int queryHeads,          \
      int kvHeads, int headDim, int blockSize, int tableWidth, float scale, int window, float softCap) {                  \
    decodeAttention<T, LANES, GROUP>(                                                                                     \
        out, splitWeights, splitSums, tickets, queries, keys, values, blockTables, rowSequences, rowLengths, splitTokens, \
        AttentionShape{queryHeads, kvHeads, headDim, blockSize, tableWidth, scale, window, softCap});                     \
  }                                                                                                                       \
  KERNEL(decode_attention_##T##_##LANES##_##GROUP);
#define DECODE_TYPE(T) \
  DECODE(T, 8, 1) DECODE(T, 8, 4) DECODE(T, 8, 8) DECODE(T, 16, 1) DECODE(T, 16, 4) DECODE(T, 16, 8) \
  DECODE(T, 32, 1) DECODE(T, 32, 4) DECODE(T, 32, 8)
FOR_EACH_TYPE(DECODE_TYPE)

// attention_prefill.cu: causal attention of many query tokens over a paged KV cache (FlashAttention-2, arXiv 2307.08691).
#include "tensor_core.h"

// Sequence s owns query rows [queryStarts[s], queryStarts[s + 1]), the last ones of its contextLengths[s] cached tokens: a
// prompt's chunk sees what earlier chunks and shared prefixes have cached. Tensors are laid out as in attention_decode.cu.
// grid = (ceil(longest query / 64), queryHeads, sequences), 128 threads: a warp has 16 query tokens of one head.
// Shared: queries [64][WIDTH + 8], keys and values [KEYS][WIDTH + 8]; the 8 keep ldmatrix free of bank conflicts.
// headDim <= WIDTH, headDim % 8 == 0; the columns between are zeros. sm_80 and later.
template <class T, int WIDTH, int KEYS>
DEV void prefillAttention(T* out, const T* queries, const T* keys, const T* values, const int* blockTables,
                          const int* queryStarts, const int* contextLengths, AttentionShape shape) {
  constexpr int QUERIES = 64, PITCH = WIDTH + 8;
  DYNAMIC_SHARED(T, sharedQueries);
  T* sharedKeys = sharedQueries + QUERIES * PITCH;
  T* sharedValues = sharedKeys + KEYS * PITCH;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, head = blockIdx.y, sequence = blockIdx.z;
  const int kvHead = head / (shape.queryHeads / shape.kvHeads);
  const int start = queryStarts[sequence], count = queryStarts[sequence + 1] - start;
  const int firstQuery = blockIdx.x * QUERIES, context = contextLengths[sequence];
  if (firstQuery >= count) return;  // the whole block
  const int firstPosition = context - count + firstQuery;
  const int lastPosition = min(context, firstPosition + QUERIES) - 1;
  const int* table = blockTables + (size_t)sequence * shape.tableWidth;

  for (int i = threadIdx.x; i < QUERIES * WIDTH / 8; i += blockDim.x) {
    const int r = i / (WIDTH / 8), c = i % (WIDTH / 8) * 8;
    const bool valid = firstQuery + r < count && c < shape.headDim;
    const size_t from = ((size_t)(start + firstQuery + r) * shape.queryHeads + head) * shape.headDim + c;
    copyAsync16(sharedQueries + r * PITCH + c, queries + (valid ? from : 0), valid);
  }
  commitCopies();
  auto loadTile = [&](T* shared, const T* cache, int firstKey) {
    for (int i = threadIdx.x; i < KEYS * WIDTH / 8; i += blockDim.x) {
      const int r = i / (WIDTH / 8), c = i % (WIDTH / 8) * 8, token = firstKey + r;
      const bool valid = token <= lastPosition && c < shape.headDim;
      size_t from = 0;
      if (valid) {
        const int block = table[token / shape.blockSize];
        from = (((size_t)block * shape.kvHeads + kvHead) * shape.blockSize + token % shape.blockSize) * shape.headDim + c;
      }
      copyAsync16(shared + r * PITCH + c, cache + from, valid);
    }
    commitCopies();
  };

  // Of this lane: rows lane / 4 and lane / 4 + 8 of the warp's 16 queries; columns as the mma's fragments have them.
  float sum[WIDTH / 8][4] = {}, highest[2] = {LOWEST, LOWEST}, weight[2] = {};
  const int myPosition[2] = {firstPosition + warp * 16 + lane / 4, firstPosition + warp * 16 + lane / 4 + 8};
  const int firstSeen = shape.window > 0 ? max(0, firstPosition - shape.window + 1) : 0;

  for (int firstKey = firstSeen / KEYS * KEYS; firstKey <= lastPosition; firstKey += KEYS) {
    loadTile(sharedKeys, keys, firstKey);
    loadTile(sharedValues, values, firstKey);
    waitCopies<1>();  // queries and keys are there, values still come
    __syncthreads();

    float s[KEYS / 8][4] = {};
#pragma unroll
    for (int d = 0; d < WIDTH; d += 16) {
      uint32_t a[4];
      loadMatrix4(a, sharedQueries + (warp * 16 + (lane & 15)) * PITCH + d + (lane >> 4) * 8);
#pragma unroll
      for (int j = 0; j < KEYS / 16; j++) {
        uint32_t b[4];
        loadMatrix4(b, sharedKeys + (j * 16 + (lane & 7) + (lane >> 4) * 8) * PITCH + d + (lane >> 3 & 1) * 8);
        const uint32_t left[2] = {b[0], b[1]}, right[2] = {b[2], b[3]};
        mma16816<T>(s[2 * j], a, left);
        mma16816<T>(s[2 * j + 1], a, right);
      }
    }

#pragma unroll
    for (int half = 0; half < 2; half++) {
      float top = highest[half];
#pragma unroll
      for (int j = 0; j < KEYS / 8; j++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
          const int key = firstKey + j * 8 + (lane & 3) * 2 + i;
          const bool seen = key <= myPosition[half] && (shape.window == 0 || key > myPosition[half] - shape.window);
          float& x = s[j][2 * half + i];
          x = seen ? score(x, shape) : LOWEST;
          top = fmaxf(top, x);
        }
      }
      top = fmaxf(top, __shfl_xor_sync(ALL_LANES, top, 1));  // four lanes share a row
      top = fmaxf(top, __shfl_xor_sync(ALL_LANES, top, 2));
      const float before = exp2Fast(highest[half] - top);
      highest[half] = top;
      weight[half] *= before;
#pragma unroll
      for (int j = 0; j < KEYS / 8; j++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
          float& x = s[j][2 * half + i];
          x = x > LOWEST ? exp2Fast(x - top) : 0.f;
          weight[half] += x;
        }
      }
#pragma unroll
      for (int n = 0; n < WIDTH / 8; n++) {
        sum[n][2 * half] *= before;
        sum[n][2 * half + 1] *= before;
      }
    }

    waitCopies<0>();
    __syncthreads();
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++) {  // a score's fragment is, packed, the fragment of a left operand
      const uint32_t a[4] = {pack<T>(s[2 * k][0], s[2 * k][1]), pack<T>(s[2 * k][2], s[2 * k][3]),
                             pack<T>(s[2 * k + 1][0], s[2 * k + 1][1]), pack<T>(s[2 * k + 1][2], s[2 * k + 1][3])};
#pragma unroll
      for (int n = 0; n < WIDTH / 16; n++) {
        uint32_t b[4];
        loadMatrix4Transposed(b, sharedValues + (k * 16 + (lane & 15)) * PITCH + n * 16 + (lane >> 4) * 8);
        const uint32_t left[2] = {b[0], b[1]}, right[2] = {b[2], b[3]};
        mma16816<T>(sum[2 * n], a, left);
        mma16816<T>(sum[2 * n + 1], a, right);
      }
    }
    __syncthreads();  // the next tile overwrites this one
  }

#pragma unroll
  for (int half = 0; half < 2; half++) {
    weight[half] += __shfl_xor_sync(ALL_LANES, weight[half], 1);
    weight[half] += __shfl_xor_sync(ALL_LANES, weight[half], 2);
    const int query = firstQuery + warp * 16 + lane / 4 + half * 8;
    if (query >= count) continue;
    const float factor = weight[half] > 0.f ? 1.f / weight[half] : 0.f;
    T* to = out + ((size_t)(start + query) * shape.queryHeads + head) * shape.headDim;
#pragma unroll
    for (int n = 0; n < WIDTH / 8; n++) {
      const int d = n * 8 + (lane & 3) * 2;
      if (d < shape.headDim) {
        *reinterpret_cast<uint32_t*>(to + d) = pack<T>(sum[n][2 * half] * factor, sum[n][2 * half + 1] * factor);
      }
    }
  }
}
#define PREFILL(T, WIDTH, KEYS)                                                                                           \
  extern "C" __global__ void __launch_bounds__(128) prefill_attention_##T##_##WIDTH(                                      \
      T* __restrict__ out, const T* __restrict__ queries, const T* __restrict__ keys, const T* __restrict__ values,       \
      const int* __restrict__ blockTables, const int* __restrict__ queryStarts, const int* __restrict__ contextLengths,   \
      int queryHeads, int kvHeads, int headDim, int blockSize, int tableWidth, float scale, int window, float softCap) {  \
    prefillAttention<T, WIDTH, KEYS>(                                                                                     \
        out, queries, keys, values, blockTables, queryStarts, contextLengths,                                             \
        AttentionShape{queryHeads, kvHeads, headDim, blockSize, tableWidth, scale, window, softCap});                     \
  }                                                                                                                       \
  KERNEL(prefill_attention_##T##_##WIDTH);
PREFILL(bf16, 64, 64)
PREFILL(bf16, 128, 64)
PREFILL(bf16, 256, 32)
PREFILL(fp16, 64, 64)
PREFILL(fp16, 128, 64)
PREFILL(fp16, 256, 32)

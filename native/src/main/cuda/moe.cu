// moe.cu: sparse mixtures of experts (arXiv 2401.04088): which experts a token goes to, the tokens sorted by expert, the experts'
// products, and the weighed sums. An assignment is one choice of one token, numbered token * topK + choice. No sum is atomic,
// so that the same input gives the same bits.
#include "activation.h"
#include "products.h"

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
    if (index >= expertCount) {  // only NaN is left: any expert will do, as long as the token's result is NaN
      index = k;
      value = NAN;
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

// Sorts the assignments by expert, stably. experts [assignments] names each one's expert.
//   sorted [assignments]: assignments in order of expert; expert e's are sorted[starts[e]] to sorted[starts[e + 1] - 1]
//   starts [expertCount + 1]
//   active [expertCount]: the experts that have any, ascending, then -1
// grid = expertCount, 256 threads: a block places one expert's assignments, and reads them all to know where.
DEV void sortAssignments(int* sorted, int* starts, int* active, const int* experts, int assignments, int expertCount) {
  constexpr int THREADS = 256, MOST_EXPERTS = 256;
  __shared__ int present[MOST_EXPERTS], sums[2][THREADS / 32];
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, expert = blockIdx.x;
  for (int e = threadIdx.x; e < MOST_EXPERTS; e += THREADS) present[e] = 0;
  __syncthreads();

  // Every thread has a stretch, so that the order of threads is the order of assignments.
  const int stretch = (assignments + THREADS - 1) / THREADS;
  const int from = min(assignments, (int)threadIdx.x * stretch), to = min(assignments, from + stretch);
  int lower = 0, mine = 0;
  for (int i = from; i < to; i++) {
    const int e = experts[i];
    present[e] = 1;  // whoever writes, writes the same
    lower += e < expert;
    mine += e == expert;
  }
  int before = mine;  // becomes the sum of this warp's lanes up to this one
#pragma unroll
  for (int offset = 1; offset < 32; offset <<= 1) {
    const int other = __shfl_up_sync(ALL_LANES, before, offset);
    if (lane >= offset) before += other;
  }
#pragma unroll
  for (int offset = 16; offset; offset >>= 1) lower += __shfl_xor_sync(ALL_LANES, lower, offset);
  if (lane == 31) {
    sums[0][warp] = lower;
    sums[1][warp] = before;
  }
  __syncthreads();
  int start = 0, count = 0;
  before -= mine;
  for (int w = 0; w < THREADS / 32; w++) {
    start += sums[0][w];
    if (w < warp) before += sums[1][w];
    count += sums[1][w];
  }
  for (int i = from, place = start + before; i < to; i++) {
    if (experts[i] == expert) sorted[place++] = i;
  }
  if (threadIdx.x == 0) {
    starts[expert] = start;
    if (expert == expertCount - 1) starts[expertCount] = start + count;
    int rank = 0, all = 0;
    for (int e = 0; e < expertCount; e++) {
      if (e < expert) rank += present[e];
      all += present[e];
    }
    if (present[expert]) active[rank] = expert;
    else active[all + expert - rank] = -1;  // as many places as there are idle experts before this one
  }
}
extern "C" __global__ void __launch_bounds__(256)
    sort_assignments(int* __restrict__ sorted, int* __restrict__ starts, int* __restrict__ active,
                     const int* __restrict__ experts, int assignments, int expertCount) {
  sortAssignments(sorted, starts, active, experts, assignments, expertCount);
}
KERNEL(sort_assignments);

/** Where an expert's rows are, all by their place among the sorted assignments. */
struct ExpertRows {
  int expert, first, end;
  DEV ExpertRows(const int* starts, const int* active) : expert(active[blockIdx.y]), first(0), end(0) {
    if (expert >= 0) {
      first = starts[expert];
      end = starts[expert + 1];
    }
  }
};

// inner[place] = activation(gate) * up of [gate, up] = x[token of the assignment at place] W^T, for the expert's own W of
// weight [experts, 2 width, inFeatures].  x [tokens, inFeatures], inner [assignments, width]; inFeatures % 8 == 0.
// For few rows an expert, and for fp32.  grid = (ceil(width / 4), most experts that may be active), 128 threads.
template <class T>
DEV void expertGateUpFew(T* inner, const T* x, const T* weight, const int* sorted, const int* starts, const int* active,
                         int topK, int activation, int width, int inFeatures) {
  constexpr int ROWS = 4;
  const ExpertRows rows(starts, active);
  const int feature = blockIdx.x * 4 + (threadIdx.x >> 5);
  if (rows.expert < 0 || feature >= width) return;  // whole warps leave
  const T* gateRow = weight + ((size_t)rows.expert * 2 * width + feature) * inFeatures;
  for (int first = rows.first; first < rows.end; first += ROWS) {
    float sum[2][ROWS];
    const T* row[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) row[r] = x + (size_t)(sorted[min(first + r, rows.end - 1)] / topK) * inFeatures;
    dotProducts<T, ROWS, 2>(sum, {gateRow, gateRow + (size_t)width * inFeatures}, row, inFeatures);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if ((threadIdx.x & 31) == 0 && first + r < rows.end) {
        const float gate = rounded<T>(sum[0][r]), up = rounded<T>(sum[1][r]);
        inner[(size_t)(first + r) * width + feature] = fromFloat<T>(rounded<T>(activate(gate, activation)) * up);
      }
    }
  }
}

// out[assignment] = inner[its place] W^T, for the expert's own W of weight [experts, outFeatures, width].
// inner [assignments, width], out [assignments, outFeatures].  grid = (ceil(outFeatures / 4), active experts), 128 threads.
template <class T>
DEV void expertDownFew(T* out, const T* inner, const T* weight, const int* sorted, const int* starts, const int* active,
                       int outFeatures, int width) {
  constexpr int ROWS = 4;
  const ExpertRows rows(starts, active);
  const int feature = blockIdx.x * 4 + (threadIdx.x >> 5);
  if (rows.expert < 0 || feature >= outFeatures) return;  // whole warps leave
  const T* weightRow = weight + ((size_t)rows.expert * outFeatures + feature) * width;
  for (int first = rows.first; first < rows.end; first += ROWS) {
    float sum[1][ROWS];
    const T* row[ROWS];
    rowsFrom(row, inner, first, rows.end, width);
    dotProducts<T, ROWS, 1>(sum, {weightRow}, row, width);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if ((threadIdx.x & 31) == 0 && first + r < rows.end) {
        out[(size_t)sorted[first + r] * outFeatures + feature] = fromFloat<T>(sum[0][r]);
      }
    }
  }
}
#define EXPERTS_FEW(T)                                                                                                    \
  extern "C" __global__ void __launch_bounds__(128) expert_gate_up_few_##T(                                               \
      T* __restrict__ inner, const T* __restrict__ x, const T* __restrict__ weight, const int* __restrict__ sorted,       \
      const int* __restrict__ starts, const int* __restrict__ active, int topK, int activation, int width,                \
      int inFeatures) {                                                                                                   \
    expertGateUpFew<T>(inner, x, weight, sorted, starts, active, topK, activation, width, inFeatures);                    \
  }                                                                                                                       \
  KERNEL(expert_gate_up_few_##T);                                                                                         \
  extern "C" __global__ void __launch_bounds__(128) expert_down_few_##T(                                                  \
      T* __restrict__ out, const T* __restrict__ inner, const T* __restrict__ weight, const int* __restrict__ sorted,     \
      const int* __restrict__ starts, const int* __restrict__ active, int outFeatures, int width) {                       \
    expertDownFew<T>(out, inner, weight, sorted, starts, active, outFeatures, width);                                     \
  }                                                                                                                       \
  KERNEL(expert_down_few_##T);
FOR_EACH_TYPE(EXPERTS_FEW)

// Grouped GEMM: a block goes through all rows of one expert for its 64 features, 64 rows at a time, so that no launch depends on
// how the tokens are spread.  gather: row place of out comes of x[sorted[place] / topK]; else row place of x gives
// out[sorted[place]].  weight [experts, outFeatures, inFeatures].
// grid = (ceil(outFeatures / 64), most experts that may be active), 128 threads. sm_80 and later.
template <class T>
DEV void expertGemm(T* out, const T* x, const T* weight, const int* sorted, const int* starts, const int* active, int gather,
                    int topK, int outFeatures, int inFeatures) {
  const ExpertRows rows(starts, active);
  if (rows.expert < 0) return;  // the whole block
  const T* own = weight + (size_t)rows.expert * outFeatures * inFeatures;
  auto rowOfX = [&](int place) { return gather ? sorted[place] / topK : place; };
  auto rowOfOut = [&](int place) { return gather ? place : sorted[place]; };
  for (int first = rows.first; first < rows.end; first += GEMM_TILE) {
    gemmTile<T>(out, x, own, nullptr, first, rows.end, blockIdx.x * GEMM_TILE, outFeatures, inFeatures, rowOfX, rowOfOut);
  }
}
#define EXPERT_GEMM(T)                                                                                                    \
  extern "C" __global__ void __launch_bounds__(128) expert_gemm_##T(                                                      \
      T* __restrict__ out, const T* __restrict__ x, const T* __restrict__ weight, const int* __restrict__ sorted,         \
      const int* __restrict__ starts, const int* __restrict__ active, int gather, int topK, int outFeatures,              \
      int inFeatures) {                                                                                                   \
    expertGemm<T>(out, x, weight, sorted, starts, active, gather, topK, outFeatures, inFeatures);                         \
  }                                                                                                                       \
  KERNEL(expert_gemm_##T);
EXPERT_GEMM(bf16)
EXPERT_GEMM(fp16)

// out[t] = sum over k of weights[t, k] * results[t * topK + k], in this order, in fp32.  results [tokens * topK, width],
// out [tokens, width]; width % 8 == 0.  grid = (ceil(width / 8 / threads), tokens)
template <class T>
DEV void sumExperts(T* out, const T* results, const float* weights, int topK, int width) {
  const int i = (blockIdx.x * blockDim.x + threadIdx.x) * 8, token = blockIdx.y;
  if (i >= width) return;
  float sum[8] = {};
  for (int k = 0; k < topK; k++) {
    const float weight = weights[token * topK + k];
    float x[8];
    stream8(results + ((size_t)token * topK + k) * width + i, x);
#pragma unroll
    for (int j = 0; j < 8; j++) sum[j] = fmaf(weight, x[j], sum[j]);
  }
  store8(out + (size_t)token * width + i, sum);
}
#define SUM_EXPERTS(T)                                                                                                  \
  extern "C" __global__ void __launch_bounds__(128) sum_experts_##T(T* __restrict__ out, const T* __restrict__ results, \
                                                                    const float* __restrict__ weights, int topK,        \
                                                                    int width) {                                        \
    sumExperts<T>(out, results, weights, topK, width);                                                                  \
  }                                                                                                                     \
  KERNEL(sum_experts_##T);
FOR_EACH_TYPE(SUM_EXPERTS)

// sampling.cu: from logits to token ids on the device. logits [rows, vocabulary]; a block works on one row.
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

// ---- keys: the logits' order as integers, so that a search ends at one value and ties are counted, not guessed --------------
/** Low bits of an fp32 that those of T are never in: keys of bf16 have 16 bits, of fp16 19. */
template <class T>
constexpr int UNUSED_BITS = 0;
template <>
constexpr int UNUSED_BITS<bf16> = 16;
template <>
constexpr int UNUSED_BITS<fp16> = 13;

DEV uint32_t sortable(float x) {
  const uint32_t bits = __float_as_uint(x + 0.f);  // + 0: both zeros are one
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
template <class T>
DEV uint32_t keyOf(float x) {
  return sortable(x) >> UNUSED_BITS<T>;
}
/** The lowest key of what is at least x. */
template <class T>
DEV uint32_t keyFrom(float x) {
  constexpr uint32_t LOW = (1u << UNUSED_BITS<T>) - 1;
  const uint32_t s = sortable(x);
  return (s >> 31 ? s + LOW : s) >> UNUSED_BITS<T>;  // below zero the unused bits are ones
}
template <class T>
DEV float valueOf(uint32_t key) {
  constexpr uint32_t LOW = (1u << UNUSED_BITS<T>) - 1;
  const uint32_t s = key << UNUSED_BITS<T>;
  return __uint_as_float(s >> 31 ? s & 0x7fffffffu : ~(s | LOW));
}

/** A row of logits as weights exp((logit - largest) / temperature), for all threads of a block. */
template <class T>
struct WeighedRow {
  const T* logits;
  int vocabulary;
  float largest, scale;  // scale: log2(e) / temperature
  float* scratch;        // 32 floats of shared memory

  DEV float weight(uint32_t key) const { return exp2Fast((valueOf<T>(key) - largest) * scale); }
  DEV uint32_t key(int id) const { return keyOf<T>(toFloat(logits[id])); }

  /** Sums over what is at least each of three keys: of weights, or of ones. */
  DEV void sumsFrom(const uint32_t (&from)[3], bool counting, float (&sum)[3]) const {
    sum[0] = sum[1] = sum[2] = 0.f;
    for (int id = threadIdx.x; id < vocabulary; id += blockDim.x) {
      const uint32_t k = key(id);
      if (k < from[0]) continue;
      const float w = counting ? 1.f : weight(k);
      sum[0] += w;
      if (k >= from[1]) sum[1] += w;
      if (k >= from[2]) sum[2] += w;
    }
#pragma unroll
    for (int i = 0; i < 3; i++) sum[i] = blockSum(sum[i], scratch);
  }
  DEV float massFrom(uint32_t key) const {
    float sum[3];
    sumsFrom({key, key, key}, false, sum);
    return sum[0];
  }
  DEV float countFrom(uint32_t key) const {
    float sum[3];
    sumsFrom({key, key, key}, true, sum);
    return sum[0];
  }
  DEV float countAt(uint32_t key) const {
    float sum[3];
    sumsFrom({key, key + 1, key + 1}, true, sum);
    return sum[0] - sum[1];
  }

  /** The highest key in [low, high) from which the sum is enough; from low on it is. Quarters the interval each time. */
  template <class Enough>
  DEV uint32_t highestKey(uint32_t low, uint32_t high, bool counting, Enough enough) const {
    while (high - low > 1) {
      const uint32_t step = (high - low + 3) / 4;
      const uint32_t from[3] = {min(low + step, high - 1), min(low + 2 * step, high - 1), min(low + 3 * step, high - 1)};
      float sum[3];
      sumsFrom(from, counting, sum);
      if (enough(sum[2])) {
        low = from[2];
      } else if (enough(sum[1])) {
        low = from[1];
        high = from[2];
      } else if (enough(sum[0])) {
        low = from[0];
        high = from[1];
      } else {
        high = from[0];
      }
    }
    return low;
  }

  /** The first id at which the running sum of part(key), in order of ids, passes fraction of the whole; -1: there is none. */
  template <class Part>
  DEV int pick(float fraction, Part part) const {
    __shared__ int chosen;
    const int stretch = (vocabulary + blockDim.x - 1) / blockDim.x;
    const int from = min(vocabulary, (int)threadIdx.x * stretch), to = min(vocabulary, from + stretch);
    float mine = 0.f;
    int last = -1;
    for (int id = from; id < to; id++) {
      const float p = part(key(id));
      if (p > 0.f) {
        mine += p;
        last = id;
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
    if (lane == 31) scratch[warp] = before;
    if (threadIdx.x == 0) chosen = vocabulary;
    __syncthreads();
    float base = 0.f, all = 0.f;
    for (int w = 0; w < warps; w++) {
      if (w < warp) base += scratch[w];
      all += scratch[w];
    }
    const float target = fraction * all, end = base + before, begin = end - mine;
    if (last >= 0 && begin <= target && target < end) {
      float sum = begin;
      int found = last;
      for (int id = from; id < to; id++) {
        const float p = part(key(id));
        if (p <= 0.f) continue;
        sum += p;
        if (sum > target) {
          found = id;
          break;
        }
      }
      atomicMin(&chosen, found);  // two neighbours may both claim a target on their rounded seam
    }
    __syncthreads();
    return chosen < vocabulary ? chosen : -1;
  }
};

/** How one row is drawn. */
struct Draw {
  float temperature, minP;
  int topK;
  float topP, uniform;
};

/** Of all from lowest on: the smallest set that holds topP, of equal ones all; drawn in order of ids. */
template <class T>
DEV int drawByMass(const WeighedRow<T>& row, uint32_t lowest, uint32_t highest, const Draw& draw) {
  if (draw.topP < 1.f) {
    const float wanted = draw.topP * row.massFrom(lowest);
    lowest = row.highestKey(lowest, highest + 1, false, [=](float mass) { return mass >= wanted; });
  }
  return row.pick(draw.uniform, [&](uint32_t key) { return key >= lowest ? row.weight(key) : 0.f; });
}

/** Of the topK largest, ties to the lowest ids: the fewest that hold topP; drawn from the largest on, equal ones by id. */
template <class T>
DEV int drawByRank(const WeighedRow<T>& row, uint32_t lowest, uint32_t highest, const Draw& draw) {
  float ties;  // how many of the lowest key are in the set
  if (row.countFrom(lowest) > (float)draw.topK) {
    lowest = row.highestKey(lowest, highest + 1, true, [&](float count) { return count >= (float)draw.topK; });
    ties = draw.topK - row.countFrom(lowest + 1);
  } else {
    lowest = row.highestKey(lowest, highest + 1, true, [all = row.countFrom(lowest)](float count) { return count >= all; });
    ties = row.countAt(lowest);
  }
  float above = row.massFrom(lowest + 1);
  if (draw.topP < 1.f) {
    const float wanted = draw.topP * (above + ties * row.weight(lowest));
    const uint32_t border = row.highestKey(lowest, highest + 1, false, [=](float mass) { return mass >= wanted; });
    if (border != lowest) ties = row.countAt(border);
    lowest = border;
    above = row.massFrom(lowest + 1);
    ties = fminf(ties, fmaxf(1.f, ceilf((wanted - above) / row.weight(lowest))));
  }
  const float target = draw.uniform * (above + ties * row.weight(lowest));
  const uint32_t drawn = row.highestKey(lowest, highest + 1, false, [=](float mass) { return mass > target; });
  const float available = drawn == lowest ? ties : row.countAt(drawn);
  const float place = floorf((target - row.massFrom(drawn + 1)) / row.weight(drawn));
  const float whole = row.countAt(drawn);  // pick wants a fraction of them: the middle of the one
  return row.pick((fminf(fmaxf(place, 0.f), available - 1.f) + 0.5f) / whole,
                  [=](uint32_t key) { return key == drawn ? 1.f : 0.f; });
}

// Draws ids[r] from the softmax of logits[r] / temperatures[r], cut in vLLM's order: to what is at least minP times the
// likeliest, to the topK likeliest (0: all), to the smallest set that holds topP. uniforms[r] in [0, 1) is the draw, so that
// the caller owns seeds. A temperature below 1e-5 takes the likeliest. A row that holds NaN or +infinity gives -1, one that is
// -infinity throughout gives -2: nothing was left to draw from.  grid = rows, whole warps.
template <class T>
DEV void sampleRows(int* ids, const T* logits, const float* temperatures, const float* minPs, const int* topKs,
                    const float* topPs, const float* uniforms, int vocabulary) {
  __shared__ float values[32];
  __shared__ int indices[32];
  const T* row = logits + (size_t)blockIdx.x * vocabulary;
  Best best{-INFINITY, 0x7fffffff};
  for (int i = threadIdx.x; i < vocabulary; i += blockDim.x) best = better(best, Best{toFloat(row[i]), i});
  best = blockBest(best, values, indices);
  const Draw draw{temperatures[blockIdx.x], minPs[blockIdx.x], topKs[blockIdx.x], topPs[blockIdx.x], uniforms[blockIdx.x]};
  int id = best.index;
  if (best.value == -INFINITY) {
    id = -2;
  } else if (best.value - best.value != 0.f) {
    id = -1;
  } else if (draw.temperature >= 1e-5f) {
    const WeighedRow<T> weighed{row, vocabulary, best.value, LOG2E / draw.temperature, values};
    const uint32_t highest = keyOf<T>(best.value);
    const float least = draw.minP > 0.f ? best.value + logf(draw.minP) * draw.temperature : -3.4028235e38f;
    const uint32_t lowest = min(highest, keyFrom<T>(least));
    const bool limited = draw.topK > 0 && draw.topK < vocabulary;
    id = limited ? drawByRank(weighed, lowest, highest, draw) : drawByMass(weighed, lowest, highest, draw);
    if (id < 0) id = best.index;  // the draw lies within rounding of the whole
  }
  if (threadIdx.x == 0) ids[blockIdx.x] = id;
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

/** What is done to a row before it is drawn from; repetition 1 and 0 for the others do nothing. */
struct Penalties {
  float repetition, presence, frequency;
};

// adjusted[r] = logits[r] in fp32 with biases and penalties, in vLLM's order. Row r's entries [starts[r], starts[r + 1]) name
// distinct tokens: ids; biases, -infinity to forbid one; counts, how often the output has it: 0 when the prompt alone has it,
// -1 when neither does. Where restricted[r] is not 0, tokens without an entry are forbidden. penalties [rows, 3]: repetition,
// presence, frequency. Rows that hold NaN or +infinity become NaN, so that whoever draws from them can tell that they were
// so before.  grid = rows, whole warps.
template <class T>
DEV void adjustLogits(float* adjusted, const T* logits, const int* starts, const int* ids, const int* counts,
                      const float* biases, const int* restricted, const float* penalties, int vocabulary) {
  __shared__ float values[32];
  __shared__ int indices[32];
  const T* from = logits + (size_t)blockIdx.x * vocabulary;
  float* to = adjusted + (size_t)blockIdx.x * vocabulary;
  const bool keep = restricted[blockIdx.x] == 0;
  Best best{-INFINITY, 0x7fffffff};
  for (int i = threadIdx.x; i < vocabulary; i += blockDim.x) {
    const float x = toFloat(from[i]);
    best = better(best, Best{x, i});
    to[i] = keep ? x : -INFINITY;
  }
  best = blockBest(best, values, indices);  // its barriers also let entries follow what is written here
  if (best.value - best.value != 0.f) {
    for (int i = threadIdx.x; i < vocabulary; i += blockDim.x) to[i] = NAN;
    return;  // the whole block
  }
  const float* own = penalties + 3 * blockIdx.x;
  const Penalties penalty{own[0], own[1], own[2]};
  for (int entry = starts[blockIdx.x] + threadIdx.x; entry < starts[blockIdx.x + 1]; entry += blockDim.x) {
    const int id = ids[entry], count = counts[entry];
    float x = toFloat(from[id]) + biases[entry];
    if (count >= 0) x = x > 0.f ? x / penalty.repetition : x * penalty.repetition;
    if (count > 0) x -= __fadd_rn(__fmul_rn(penalty.frequency, (float)count), penalty.presence);
    to[id] = x;
  }
}
#define ADJUST(T)                                                                                                         \
  extern "C" __global__ void __launch_bounds__(512)                                                                       \
      adjust_logits_##T(float* __restrict__ adjusted, const T* __restrict__ logits, const int* __restrict__ starts,       \
                        const int* __restrict__ ids, const int* __restrict__ counts, const float* __restrict__ biases,    \
                        const int* __restrict__ restricted, const float* __restrict__ penalties, int vocabulary) {        \
    adjustLogits<T>(adjusted, logits, starts, ids, counts, biases, restricted, penalties, vocabulary);                    \
  }                                                                                                                       \
  KERNEL(adjust_logits_##T);
FOR_EACH_TYPE(ADJUST)

// Natural logarithms of probabilities by softmax(logits[r]): of token ids[r], chosen[r], with its rank from 1, ties by id; and of
// the top likeliest, topIds and topLogprobs [rows, top], the likeliest first, ties by id; -1 and NaN where fewer are above
// -infinity. A row that holds NaN or whose largest is infinite gives NaN throughout; so does, for its token, an id outside of
// the vocabulary. Ranks there are 0.  grid = rows, whole warps.
template <class T>
DEV void logProbabilities(float* chosen, int* ranks, int* topIds, float* topLogprobs, const T* logits, const int* ids,
                          int top, int vocabulary) {
  __shared__ float values[32];
  __shared__ int indices[32];
  const T* row = logits + (size_t)blockIdx.x * vocabulary;
  /** The best of this thread's elements that come after one in order. */
  auto nextOfMine = [&](Best after) {
    Best best{-INFINITY, 0x7fffffff};
    for (int i = threadIdx.x; i < vocabulary; i += blockDim.x) {
      const Best candidate{toFloat(row[i]), i};
      const bool follows = candidate.value < after.value || (candidate.value == after.value && i > after.index);
      if (follows || candidate.value != candidate.value) best = better(best, candidate);
    }
    return best;
  };
  Best mine = nextOfMine(Best{INFINITY, -1});
  Best best = blockBest(mine, values, indices);
  const bool finite = best.value - best.value == 0.f;

  const int id = ids[blockIdx.x];
  const bool known = finite && id >= 0 && id < vocabulary;
  const Best wanted{known ? toFloat(row[id]) : 0.f, id};
  float mass = 0.f, before = 0.f;
  for (int i = threadIdx.x; finite && i < vocabulary; i += blockDim.x) {
    const float x = toFloat(row[i]);
    mass += exp2Fast((x - best.value) * LOG2E);
    if (x > wanted.value || (x == wanted.value && i < id)) before += 1.f;
  }
  mass = blockSum(mass, values);
  before = blockSum(before, values);
  const float logSum = best.value + logf(mass);
  if (threadIdx.x == 0) {
    chosen[blockIdx.x] = known ? wanted.value - logSum : NAN;
    ranks[blockIdx.x] = known ? (int)before + 1 : 0;
  }
  for (int n = 0; n < top; n++) {
    if (n > 0) best = blockBest(mine, values, indices);
    const bool any = finite && best.value > -INFINITY;
    if (threadIdx.x == 0) {
      topIds[(size_t)blockIdx.x * top + n] = any ? best.index : -1;
      topLogprobs[(size_t)blockIdx.x * top + n] = any ? best.value - logSum : NAN;
    }
    // Only the thread that had the best needs another candidate.
    if (any && best.index % blockDim.x == threadIdx.x) mine = nextOfMine(best);
  }
}
#define LOG_PROBABILITIES(T)                                                                                              \
  extern "C" __global__ void __launch_bounds__(512)                                                                       \
      log_probabilities_##T(float* __restrict__ chosen, int* __restrict__ ranks, int* __restrict__ topIds,                \
                            float* __restrict__ topLogprobs, const T* __restrict__ logits, const int* __restrict__ ids,   \
                            int top, int vocabulary) {                                                                    \
    logProbabilities<T>(chosen, ranks, topIds, topLogprobs, logits, ids, top, vocabulary);                                \
  }                                                                                                                       \
  KERNEL(log_probabilities_##T);
FOR_EACH_TYPE(LOG_PROBABILITIES)

// An id of -(row + 1) becomes what was drawn for that row; other ids stay, as do rows that were not drawn. So the host can queue a
// step before it knows the tokens of the last.  ids [count], drawn [rows]; threads for all of count.
extern "C" __global__ void __launch_bounds__(256)
    take_drawn(int* __restrict__ ids, const int* __restrict__ drawn, int count, int rows) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count || ids[i] >= 0) return;
  const int row = -(ids[i] + 1);
  if (row < rows) ids[i] = drawn[row];
}
KERNEL(take_drawn);

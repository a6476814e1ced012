#include "attention.h"

#include <string.h>

#include "vectors.h"

enum {
  CHUNK = 64,        // keys between two updates of a running softmax
  VALUES = 16,       // rows of values that all queries of a group take from the first cache
  SLICE = 8 * LANES, // of a head's elements that are summed in registers
};

static void norm_head(const float* from, const float* weight, float epsilon, float* to, int64_t size) {
  float squares = 0;
  for (int64_t i = 0; i < size; i++) {
    squares += from[i] * from[i];
  }
  float factor = 1.f / sqrtf(squares / (float)size + epsilon);
  for (int64_t i = 0; i < size; i++) {
    to[i] = from[i] * factor * weight[i];
  }
}

// Turns `head` in place.
static void rotate_head(float* head, const float* cosines, const float* sines, int64_t half) {
  for (int64_t i = 0; i < half; i++) {
    float first = head[i];
    float second = head[i + half];
    head[i] = first * cosines[i] - second * sines[i];
    head[i + half] = second * cosines[i] + first * sines[i];
  }
}

static void prepare_head(
    const float* from, const float* norm, float epsilon, const float* cosines, const float* sines, int64_t half, float* to,
    int64_t size) {
  if (norm != 0) {
    norm_head(from, norm, epsilon, to, size);
  } else {
    memcpy(to, from, (size_t)size * sizeof(float));
  }
  rotate_head(to, cosines, sines, half);
}

void quern_rotate_and_cache(
    const float* qkv, Heads heads, HeadNorms norms, Rotation rotation, float* keys, float* values, const int64_t* slots,
    float* queries, int64_t tokens) {
  int64_t size = heads.size;
  int64_t width = (heads.query_heads + 2 * heads.kv_heads) * size;
#pragma omp parallel for schedule(static) if (tokens * width > WORTH_THREADS)
  for (int64_t token = 0; token < tokens; token++) {
    const float* from = qkv + token * width;
    const float* cosines = rotation.cosines + token * rotation.half;
    const float* sines = rotation.sines + token * rotation.half;
    float* to = queries + token * heads.query_heads * size;
    for (int64_t head = 0; head < heads.query_heads; head++, from += size, to += size) {
      prepare_head(from, norms.query, norms.epsilon, cosines, sines, rotation.half, to, size);
    }
    to = keys + slots[token] * heads.kv_heads * size;
    for (int64_t head = 0; head < heads.kv_heads; head++, from += size, to += size) {
      prepare_head(from, norms.key, norms.epsilon, cosines, sines, rotation.half, to, size);
    }
    memcpy(values + slots[token] * heads.kv_heads * size, from, (size_t)(heads.kv_heads * size) * sizeof(float));
  }
}

// Where the keys and the values of a chunk lie for one head, `head` elements into each slot of `stride`.
static void find_rows(
    const PagedCache* cache, const DecodedToken* token, int64_t first, int64_t count, int64_t stride, int64_t head,
    const float* keys[CHUNK], const float* values[CHUNK]) {
  int64_t place = token->start + first;
  const int64_t* block = cache->blocks + token->first_block + place / cache->block_size;
  int64_t within = place % cache->block_size;
  for (int64_t i = 0; i < count; i++) {
    int64_t offset = (*block * cache->block_size + within) * stride + head;
    keys[i] = cache->keys + offset;
    values[i] = cache->values + offset;
    if (++within == cache->block_size) {
      within = 0;
      block++;
    }
  }
}

// One head's part of a slot is too short to teach the processor to fetch ahead.
static void fetch(const float* const rows[CHUNK], int64_t count, int64_t size) {
  for (int64_t i = 0; i < count; i++) {
    for (int64_t d = 0; d < size; d += 2 * LANES) {
      _mm_prefetch((const char*)(rows[i] + d), _MM_HINT_T0);
    }
  }
}

// scores[i] = query rows[i], for LANES rows; what is beyond `count` repeats the last.
static void score(const float* query, const float* const* rows, int64_t count, int64_t size, float* scores) {
  const float* some[LANES];
  __m256 sums[LANES];
  for (int lane = 0; lane < LANES; lane++) {
    some[lane] = rows[lane < count ? lane : count - 1];
    sums[lane] = _mm256_setzero_ps();
  }
  for (int64_t d = 0; d < size; d += LANES) {
    __m256 q = _mm256_loadu_ps(query + d);
    for (int lane = 0; lane < LANES; lane++) {
      sums[lane] = _mm256_fmadd_ps(q, _mm256_loadu_ps(some[lane] + d), sums[lane]);
    }
  }
  _mm256_storeu_ps(scores, sums_of(sums));
}

// Scales and caps the scores; beyond `count` they become minus infinity. Returns the largest; a NaN may be passed over, but
// stays among the scores.
static float finish_scores(float scores[CHUNK], int64_t count, float scale, float soft_cap) {
  const __m256 lowest = _mm256_set1_ps(-INFINITY);
  __m256 largest = lowest;
  for (int64_t i = 0; i < count; i += LANES) {
    __m256 s = _mm256_mul_ps(_mm256_loadu_ps(scores + i), _mm256_set1_ps(scale));
    if (soft_cap > 0) {
      __m256 cap = _mm256_set1_ps(soft_cap);
      s = _mm256_mul_ps(cap, hyperbolic_tangent(_mm256_div_ps(s, cap)));
    }
    s = _mm256_blendv_ps(lowest, s, _mm256_castsi256_ps(first_lanes(count - i)));
    largest = _mm256_max_ps(largest, s);
    _mm256_storeu_ps(scores + i, s);
  }
  return largest_of(largest);
}

// out = kept * out + sum of weights[i] * rows[i]
static void add_values(
    const float* weights, const float* const* rows, int64_t count, int64_t size, float kept, float* out) {
  for (int64_t d = 0; d < size; d += SLICE) {
    int64_t registers = (size - d < SLICE ? size - d : SLICE) / LANES;
    __m256 sums[SLICE / LANES];
    for (int64_t r = 0; r < registers; r++) {
      sums[r] = _mm256_mul_ps(_mm256_set1_ps(kept), _mm256_loadu_ps(out + d + r * LANES));
    }
    if (registers == SLICE / LANES) {
      for (int64_t i = 0; i < count; i++) {
        __m256 weight = _mm256_set1_ps(weights[i]);
        for (int r = 0; r < SLICE / LANES; r++) {
          sums[r] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(rows[i] + d + r * LANES), sums[r]);
        }
      }
    } else {
      for (int64_t i = 0; i < count; i++) {
        __m256 weight = _mm256_set1_ps(weights[i]);
        for (int64_t r = 0; r < registers; r++) {
          sums[r] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(rows[i] + d + r * LANES), sums[r]);
        }
      }
    }
    for (int64_t r = 0; r < registers; r++) {
      _mm256_storeu_ps(out + d + r * LANES, sums[r]);
    }
  }
}

// A softmax over keys that come in chunks (Milakov and Gimelshein, "Online normalizer calculation for softmax").
typedef struct {
  float largest;
  float total;
} RunningSoftmax;

// Makes weights of a chunk's scores. Returns the factor for what was summed before.
static float add_scores(RunningSoftmax* softmax, float scores[CHUNK], int64_t count, float scale, float soft_cap) {
  float largest = fmaxf(softmax->largest, finish_scores(scores, count, scale, soft_cap));
  __m256 total = _mm256_setzero_ps();
  for (int64_t i = 0; i < count; i += LANES) {
    __m256 weights = exponential(_mm256_sub_ps(_mm256_loadu_ps(scores + i), _mm256_set1_ps(largest)));
    total = _mm256_add_ps(total, weights);
    _mm256_storeu_ps(scores + i, weights);
  }
  float kept = _mm256_cvtss_f32(exponential(_mm256_set1_ps(softmax->largest - largest)));
  softmax->total = softmax->total * kept + sum_of(total);
  softmax->largest = largest;
  return kept;
}

// The queries of a token that share one head of keys. Rows of a slab are a power of two apart, so that few of them fit into
// the first cache at a time: each row is used by all queries while it is there.
static void attend(
    const float* queries, const Heads* heads, const PagedCache* cache, const DecodedToken* token, int64_t kv_head, float scale,
    float soft_cap, float* out) {
  int64_t size = heads->size;
  int64_t stride = heads->kv_heads * size;
  int64_t group = heads->query_heads / heads->kv_heads;
  const float* query = queries + (token->row * heads->query_heads + kv_head * group) * size;
  float* to = out + (token->row * heads->query_heads + kv_head * group) * size;
  memset(to, 0, (size_t)(group * size) * sizeof(float));
  RunningSoftmax softmax[group];
  float scores[group][CHUNK];
  float kept[group];
  for (int64_t member = 0; member < group; member++) {
    softmax[member] = (RunningSoftmax){-INFINITY, 0};
  }
  for (int64_t first = 0; first < token->keys; first += CHUNK) {
    int64_t count = token->keys - first < CHUNK ? token->keys - first : CHUNK;
    const float* keys[CHUNK];
    const float* values[CHUNK];
    find_rows(cache, token, first, count, stride, kv_head * size, keys, values);
    fetch(keys, count, size);
    fetch(values, count, size);
    for (int64_t i = 0; i < count; i += LANES) {
      for (int64_t member = 0; member < group; member++) {
        score(query + member * size, keys + i, count - i, size, scores[member] + i);
      }
    }
    for (int64_t member = 0; member < group; member++) {
      kept[member] = add_scores(&softmax[member], scores[member], count, scale, soft_cap);
    }
    for (int64_t i = 0; i < count; i += VALUES) {
      int64_t some = count - i < VALUES ? count - i : VALUES;
      for (int64_t member = 0; member < group; member++) {
        add_values(scores[member] + i, values + i, some, size, i == 0 ? kept[member] : 1.f, to + member * size);
      }
    }
  }
  for (int64_t member = 0; member < group; member++) {
    __m256 factor = _mm256_set1_ps(1.f / softmax[member].total);
    for (int64_t d = 0; d < size; d += LANES) {
      float* place = to + member * size + d;
      _mm256_storeu_ps(place, _mm256_mul_ps(factor, _mm256_loadu_ps(place)));
    }
  }
}

void quern_decoded_attention(
    const float* queries, Heads heads, PagedCache cache, const DecodedToken* tokens, int64_t count, float scale, float soft_cap,
    float* out) {
  int64_t keys = 0;
  for (int64_t i = 0; i < count; i++) {
    keys += tokens[i].keys;
  }
  int64_t work = keys * heads.query_heads * heads.size;
  // Contexts differ in length: small pieces, taken as threads come free.
#pragma omp parallel for schedule(dynamic) if (2 * work > WORTH_THREADS)
  for (int64_t piece = 0; piece < count * heads.kv_heads; piece++) {
    attend(
        queries, &heads, &cache, &tokens[piece / heads.kv_heads], piece % heads.kv_heads, scale, soft_cap, out);
  }
}

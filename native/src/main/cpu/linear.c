// The product of fp32 activations and a weight of 16-bit floats, which is read once and widened in registers (AVX2, FMA,
// F16C).
//
// A bf16 number is the upper half of an fp32 one. Of sixteen in a register, a shift makes the eight at even places fp32 and a
// mask those at odd places: two instructions, where keeping their order takes four. So for bf16 it is x that is brought into
// that order, once a call: eight even, eight odd. fp16 has an instruction of its own, and x keeps its order.
//
// A sum is taken in the same order whatever the number of rows, so that a token's result does not depend on its company.
#include "linear.h"

#include <string.h>

#include "vectors.h"

enum {
  STEP = 2 * LANES,  // features taken at a time
  TILE_OUTPUTS = 4,  // with TILE_ROWS of x: twelve sums, three of x and one of the weight fill the sixteen registers
  TILE_ROWS = 3,
  BLOCK_OUTPUTS = 8, // rows of the weight that stay in the first cache while all of x passes
};

// Floats from one reordered row of x to the next.
static int64_t row_stride(int64_t features) {
  return (features + STEP - 1) / STEP * STEP;
}

// Sixteen features of x, in the order in which widen() gives those of the weight.
static inline void reorder_step(const float* from, float* to, WeightType type) {
  __m256 first = _mm256_loadu_ps(from);
  __m256 second = _mm256_loadu_ps(from + LANES);
  if (type == WEIGHT_BF16) {
    const __m256i even_then_odd = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    __m256 low = _mm256_permutevar8x32_ps(first, even_then_odd);
    __m256 high = _mm256_permutevar8x32_ps(second, even_then_odd);
    first = _mm256_permute2f128_ps(low, high, 0x20);
    second = _mm256_permute2f128_ps(low, high, 0x31);
  }
  _mm256_store_ps(to, first);
  _mm256_store_ps(to + LANES, second);
}

// One row of x by steps; zeros fill the last.
static void reorder(const float* from, float* to, int64_t features, WeightType type) {
  int64_t place = 0;
  for (; place + STEP <= features; place += STEP) {
    reorder_step(from + place, to + place, type);
  }
  if (place < features) {
    float rest[STEP] = {0};
    memcpy(rest, from + place, (size_t)(features - place) * sizeof(float));
    reorder_step(rest, to + place, type);
  }
}

// Eight of the sixteen weights at `from`. SECOND and TYPE are constants wherever this is inlined.
static inline __attribute__((always_inline)) __m256 widen(const uint16_t* from, const int SECOND, const WeightType TYPE) {
  if (TYPE == WEIGHT_FP16) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(from + SECOND * LANES)));
  }
  __m256i pairs = _mm256_loadu_si256((const __m256i*)from);
  __m256i wide = SECOND ? _mm256_and_si256(pairs, _mm256_set1_epi32((int)0xffff0000)) : _mm256_slli_epi32(pairs, 16);
  return _mm256_castsi256_ps(wide);
}

typedef struct {
  __m256 of[TILE_ROWS][TILE_OUTPUTS];
} Sums;

// Adds one step of ROWS rows of x, `x_stride` apart, and of the weights at `weight`.
static inline __attribute__((always_inline)) void add_step(
    Sums* sums, const float* x, int64_t x_stride, const uint16_t* const weight[TILE_OUTPUTS], const int ROWS,
    const WeightType TYPE) {
  for (int second = 0; second < 2; second++) {
    __m256 activations[TILE_ROWS];
    for (int row = 0; row < ROWS; row++) {
      activations[row] = _mm256_load_ps(x + row * x_stride + second * LANES);
    }
    for (int n = 0; n < TILE_OUTPUTS; n++) {
      __m256 wide = widen(weight[n], second, TYPE);
      for (int row = 0; row < ROWS; row++) {
        sums->of[row][n] = _mm256_fmadd_ps(wide, activations[row], sums->of[row][n]);
      }
    }
  }
}

static inline __m128 totals(const __m256 of[TILE_OUTPUTS]) {
  __m256 sums = _mm256_hadd_ps(_mm256_hadd_ps(of[0], of[1]), _mm256_hadd_ps(of[2], of[3]));
  return _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
}

typedef struct {
  const float* x; // reordered
  const uint16_t* weight;
  float* out;
  int64_t rows;
  int64_t features;
  int64_t outputs;
} Product;

// Rows `row` to `row + ROWS` of x and up to TILE_OUTPUTS of the weight. FETCH: the weight is not in the caches yet, and
// rows this short do not teach the processor to fetch ahead.
static inline __attribute__((always_inline)) void tile(
    const Product* product, int64_t row, int64_t output, const int ROWS, const WeightType TYPE, const int FETCH) {
  int64_t features = product->features;
  int64_t x_stride = row_stride(features);
  const float* x = product->x + row * x_stride;
  int64_t left = product->outputs - output;
  const uint16_t* weight[TILE_OUTPUTS];
  for (int n = 0; n < TILE_OUTPUTS; n++) {
    weight[n] = product->weight + (output + (n < left ? n : 0)) * features;
  }
  Sums sums;
  for (int r = 0; r < ROWS; r++) {
    for (int n = 0; n < TILE_OUTPUTS; n++) {
      sums.of[r][n] = _mm256_setzero_ps();
    }
  }
  int64_t place = 0;
  for (; place + STEP <= features; place += STEP) {
    if (FETCH && place % (2 * STEP) == 0) {
      for (int n = 0; n < TILE_OUTPUTS; n++) {
        _mm_prefetch((const char*)(weight[n] + TILE_OUTPUTS * features), _MM_HINT_T0);
      }
    }
    add_step(&sums, x + place, x_stride, weight, ROWS, TYPE);
    for (int n = 0; n < TILE_OUTPUTS; n++) {
      weight[n] += STEP;
    }
  }
  if (place < features) {
    uint16_t rest[TILE_OUTPUTS][STEP] = {0};
    for (int n = 0; n < TILE_OUTPUTS; n++) {
      memcpy(rest[n], weight[n], (size_t)(features - place) * sizeof(uint16_t));
      weight[n] = rest[n];
    }
    add_step(&sums, x + place, x_stride, weight, ROWS, TYPE);
  }
  for (int r = 0; r < ROWS; r++) {
    float* to = product->out + (row + r) * product->outputs + output;
    if (left >= TILE_OUTPUTS) {
      _mm_storeu_ps(to, totals(sums.of[r]));
    } else {
      float some[TILE_OUTPUTS];
      _mm_storeu_ps(some, totals(sums.of[r]));
      memcpy(to, some, (size_t)left * sizeof(float));
    }
  }
}

static inline __attribute__((always_inline)) void tile_of(
    const Product* product, int64_t row, int64_t output, int64_t rows, const WeightType TYPE) {
  int fetch = row == 0;
  switch (rows) {
    case 1:
      tile(product, row, output, 1, TYPE, 1);
      break;
    case 2:
      fetch ? tile(product, row, output, 2, TYPE, 1) : tile(product, row, output, 2, TYPE, 0);
      break;
    default:
      fetch ? tile(product, row, output, TILE_ROWS, TYPE, 1) : tile(product, row, output, TILE_ROWS, TYPE, 0);
  }
}

// All of x and some rows of the weight, by tiles of three rows of x, and of two where four or two are left.
static inline __attribute__((always_inline)) void block(
    const Product* product, int64_t first, int64_t last, const WeightType TYPE) {
  int64_t rows;
  for (int64_t row = 0; row < product->rows; row += rows) {
    int64_t left = product->rows - row;
    rows = left == 4 ? 2 : left < TILE_ROWS ? left : TILE_ROWS;
    for (int64_t output = first; output < last; output += TILE_OUTPUTS) {
      tile_of(product, row, output, rows, TYPE);
    }
  }
}

void quern_linear(
    const float* x, const uint16_t* weight, WeightType type, float* out, float* scratch, int64_t rows, int64_t features,
    int64_t outputs) {
  for (int64_t row = 0; row < rows; row++) {
    reorder(x + row * features, scratch + row * row_stride(features), features, type);
  }
  Product product = {scratch, weight, out, rows, features, outputs};
#pragma omp parallel for schedule(static) if (rows * features * outputs > WORTH_THREADS)
  for (int64_t first = 0; first < outputs; first += BLOCK_OUTPUTS) {
    int64_t last = first + BLOCK_OUTPUTS < outputs ? first + BLOCK_OUTPUTS : outputs;
    if (type == WEIGHT_BF16) {
      block(&product, first, last, WEIGHT_BF16);
    } else {
      block(&product, first, last, WEIGHT_FP16);
    }
  }
}

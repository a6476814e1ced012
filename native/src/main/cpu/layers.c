#include "layers.h"

#include "vectors.h"

static inline __m256 load(const float* from, int64_t left) {
  return left >= LANES ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first_lanes(left));
}

static inline void store(float* to, __m256 v, int64_t left) {
  if (left >= LANES) {
    _mm256_storeu_ps(to, v);
  } else {
    _mm256_maskstore_ps(to, first_lanes(left), v);
  }
}

static void normalise(const float* x, const float* weight, __m256 squares, float epsilon, float* out, int64_t features) {
  __m256 factor = _mm256_set1_ps(1.f / sqrtf(sum_of(squares) / (float)features + epsilon));
  for (int64_t i = 0; i < features; i += LANES) {
    int64_t left = features - i;
    store(out + i, _mm256_mul_ps(_mm256_mul_ps(load(x + i, left), factor), load(weight + i, left)), left);
  }
}

void quern_rms_norm(const float* x, const float* weight, float epsilon, float* out, int64_t rows, int64_t features) {
#pragma omp parallel for schedule(static) if (rows * features > WORTH_THREADS)
  for (int64_t row = 0; row < rows; row++) {
    const float* from = x + row * features;
    __m256 squares = _mm256_setzero_ps();
    for (int64_t i = 0; i < features; i += LANES) {
      __m256 v = load(from + i, features - i);
      squares = _mm256_fmadd_ps(v, v, squares);
    }
    normalise(from, weight, squares, epsilon, out + row * features, features);
  }
}

void quern_add_rms_norm(
    const float* residual, const float* x, const float* weight, float epsilon, float* total, float* out, int64_t rows,
    int64_t features) {
#pragma omp parallel for schedule(static) if (rows * features > WORTH_THREADS)
  for (int64_t row = 0; row < rows; row++) {
    int64_t start = row * features;
    __m256 squares = _mm256_setzero_ps();
    for (int64_t i = 0; i < features; i += LANES) {
      int64_t left = features - i;
      __m256 v = _mm256_add_ps(load(residual + start + i, left), load(x + start + i, left));
      store(total + start + i, v, left);
      squares = _mm256_fmadd_ps(v, v, squares);
    }
    normalise(total + start, weight, squares, epsilon, out + start, features);
  }
}

// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))), which is x * sigmoid of twice the argument.
static inline __m256 gelu_tanh(__m256 x) {
  __m256 cubic = _mm256_fmadd_ps(_mm256_mul_ps(x, x), _mm256_set1_ps(0.044715f), _mm256_set1_ps(1.f));
  __m256 twice = _mm256_mul_ps(_mm256_set1_ps(1.5957691216057308f), _mm256_mul_ps(x, cubic));
  return _mm256_mul_ps(x, sigmoid(twice));
}

void quern_gated(const float* gate_up, Gate gate, float* out, int64_t rows, int64_t features) {
#pragma omp parallel for schedule(static) if (rows * features > WORTH_THREADS / 8)
  for (int64_t row = 0; row < rows; row++) {
    const float* gates = gate_up + 2 * row * features;
    for (int64_t i = 0; i < features; i += LANES) {
      int64_t left = features - i;
      __m256 x = load(gates + i, left);
      __m256 opened = gate == GATE_SILU ? _mm256_mul_ps(x, sigmoid(x)) : gelu_tanh(x);
      store(out + row * features + i, _mm256_mul_ps(opened, load(gates + features + i, left)), left);
    }
  }
}

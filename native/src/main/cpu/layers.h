// The small operations of a decoder layer, in fp32. A row's result does not depend on the other rows.
#pragma once
#include <stdint.h>

// out = x / sqrt(mean of squares + epsilon) * weight
//   x, out  [rows, features]
//   weight  [features]
void quern_rms_norm(const float* x, const float* weight, float epsilon, float* out, int64_t rows, int64_t features);

// total = residual + x; out = as above of total. All but the weight [rows, features].
void quern_add_rms_norm(
    const float* residual, const float* x, const float* weight, float epsilon, float* total, float* out, int64_t rows,
    int64_t features);

typedef enum { GATE_SILU, GATE_GELU_TANH } Gate;

// out = gate(first half) * second half
//   gate_up  [rows, 2 * features]
//   out      [rows, features]
void quern_gated(const float* gate_up, Gate gate, float* out, int64_t rows, int64_t features);

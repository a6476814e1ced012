#pragma once
#include <stdint.h>

typedef enum { WEIGHT_BF16, WEIGHT_FP16 } WeightType;

// out[row][n] = sum over k of x[row][k] * weight[n][k], in fp32.
//   x        [rows, features], fp32
//   weight   [outputs, features], of `type`, at any address
//   out      [rows, outputs], fp32
//   scratch  [rows, features rounded up to a multiple of 16], fp32, aligned to 32 bytes
void quern_linear(
    const float* x, const uint16_t* weight, WeightType type, float* out, float* scratch, int64_t rows, int64_t features,
    int64_t outputs);

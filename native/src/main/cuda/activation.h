// activation.h: the gate functions of gated feed-forward layers.
#pragma once
#include "device.h"

enum Activation { SILU = 0, GELU_TANH = 1, GELU = 2 };
DEV float activate(float x, int activation) {
  if (activation == SILU) return x / (1.f + exp2Fast(-x * LOG2E));
  if (activation == GELU_TANH) return 0.5f * x * (1.f + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)));
  return 0.5f * x * (1.f + erff(x * 0.70710678118654752f));
}

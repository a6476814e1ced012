// quern_kernels.cu: all kernels as one module.
#include "elements.cu"
#include "norm.cu"
#include "rope.cu"
#include "attention_decode.cu"
#include "attention_prefill.cu"
#include "linear.cu"
#include "sampling.cu"
#include "moe.cu"

// kernels_products.cpp: the other half, see kernels_attention.cpp.
#include "linear.cu"
#include "quantized.cu"
#include "sampling.cu"
#include "moe.cu"

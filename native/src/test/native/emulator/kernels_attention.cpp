// kernels_attention.cpp: about half of quern_kernels.cu, so that two cores compile it in half the time.
#include "elements.cu"
#include "norm.cu"
#include "rope.cu"
#include "attention_decode.cu"
#include "attention_prefill.cu"

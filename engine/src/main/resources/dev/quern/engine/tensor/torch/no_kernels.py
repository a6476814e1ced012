# What own_kernels.py says where the processor has no AVX2.
def own_kernels() -> bool:
  return False

# Whether ops.quern runs on this processor; where it does not, a file without it takes this one's place.
def own_kernels() -> bool:
  return True

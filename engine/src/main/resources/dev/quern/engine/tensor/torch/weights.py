# Bringing checkpoint bytes into tensors. dtype numbers are libtorch's ScalarType: 0 uint8, 4 int64,
# 5 fp16, 6 fp32, 7 fp64, 15 bf16.
class Weights(Module):
  training : bool

  def nothing(self) -> Optional[Tensor]:
    return None

  # A private, unchanged mapping of a whole file: pages come when touched and may be dropped again.
  def map_file(self, path: str, size: int) -> Tensor:
    return torch.from_file(path, False, size, dtype=0)

  # Elements of `dtype` at `offset` bytes of `file`; shares the file's memory unless the offset is
  # not a multiple of the element size, which no typed tensor can express.
  def view(self, file: Tensor, offset: int, element: int, dtype: int, shape: List[int]) -> Tensor:
    strides = annotate(List[int], [])
    for i in range(len(shape)):
      strides.append(1)
    count = 1
    for i in range(len(shape)):
      last = len(shape) - 1 - i
      strides[last] = count
      count = count * shape[last]
    source = file
    start = offset // element
    if offset % element != 0:
      source = torch.clone(torch.narrow(file, 0, offset, count * element))
      start = 0
    return torch.set_(torch.empty([0], dtype=dtype), source, start, shape, strides)

  def empty(self, shape: List[int], dtype: int) -> Tensor:
    return torch.empty(shape, dtype=dtype)

  # Writes chunk to rows of whole from `row` on, in the type of whole; rounds to nearest even.
  def fill_rows(self, whole: Tensor, row: int, chunk: Tensor) -> Tensor:
    return torch.copy_(torch.narrow(whole, 0, row, chunk.shape[0]), chunk)

  # A copy of its own in `dtype`.
  def copied(self, x: Tensor, dtype: int) -> Tensor:
    return torch.clone(x.to(dtype), memory_format=0)

  def norm(self, x: Tensor, offset: float) -> Tensor:
    return torch.clone(torch.add(x.to(6), offset), memory_format=0)

  # Rows of all parts, one after another, with the last dimension kept.
  def stacked(self, parts: List[Tensor], dtype: int) -> Tensor:
    rows = annotate(List[Tensor], [])
    for part in parts:
      rows.append(part.reshape([-1, part.shape[-1]]).to(dtype))
    return torch.cat(rows, 0)

  def stacked_biases(self, parts: List[Tensor], dtype: int) -> Tensor:
    rows = annotate(List[Tensor], [])
    for part in parts:
      rows.append(part.reshape([-1]).to(dtype))
    return torch.cat(rows, 0)

  def matrix(self, x: Tensor) -> Tensor:
    return x.view([-1, x.shape[-1]])

  def packed(self, weight: Tensor, rows: int) -> Tensor:
    return ops.mkldnn._reorder_linear_weight(weight, rows)

  # Whether oneDNN multiplies `dtype` on this processor; throws where it does not.
  def try_packed(self, dtype: int) -> Tensor:
    weight = ops.mkldnn._reorder_linear_weight(torch.ones([16, 16], dtype=dtype), 1)
    return ops.mkldnn._linear_pointwise(torch.ones([1, 16], dtype=dtype), weight, None, "none", [], "")

  def table(self, values: List[float], rows: int, columns: int) -> Tensor:
    return torch.tensor(values, dtype=6).view([rows, columns])

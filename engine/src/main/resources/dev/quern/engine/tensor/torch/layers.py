# The operations of a layer but attention. x is [tokens, features]; norms and routing compute in fp32.
def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
  if __torch__.own_kernels() and x.dtype == 6:
    whole = x.contiguous()
    out = torch.empty_like(whole)
    ops.quern.rms_norm(whole, weight, out, epsilon)
    return out
  return torch.rms_norm(x.to(6), [x.shape[-1]], weight, epsilon).to(x.dtype)

# activation: 0 SiLU, 1 GELU by tanh, 2 GELU by erf
def gated(gate_up: Tensor, activation: int) -> Tensor:
  if __torch__.own_kernels() and gate_up.dtype == 6 and activation < 2:
    out = torch.empty([gate_up.shape[0], gate_up.shape[1] // 2], dtype=6)
    ops.quern.gated(gate_up.contiguous(), out, activation)
    return out
  gate, up = torch.chunk(gate_up, 2, -1)
  if activation == 0:
    return torch.mul(torch.silu(gate), up)
  if activation == 1:
    return torch.mul(torch.gelu(gate, approximate="tanh"), up)
  return torch.mul(torch.gelu(gate), up)

class Layers(Module):
  training : bool

  def indices(self, ids: List[int], slots: List[int], positions: List[int], rows: List[int]) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    return (torch.tensor(ids, dtype=4), torch.tensor(slots, dtype=4), torch.tensor(positions, dtype=4), torch.tensor(rows, dtype=4))

  # The table may be held in a shorter type than the model computes in.
  def embedding(self, table: Tensor, ids: Tensor, dtype: int) -> Tensor:
    return torch.embedding(table, ids).to(dtype)

  def linear(self, x: Tensor, weight: Tensor, bias: Optional[Tensor], how: int) -> Tensor:
    return __torch__.product(x, weight, bias, how)

  def add(self, a: Tensor, b: Tensor) -> Tensor:
    return torch.add(a, b)

  def scale(self, x: Tensor, factor: float) -> Tensor:
    return torch.mul(x, factor)

  def rms_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    return __torch__.rms_norm(x, weight, epsilon)

  def add_rms_norm(self, residual: Tensor, x: Tensor, weight: Tensor, epsilon: float) -> Tuple[Tensor, Tensor]:
    if __torch__.own_kernels() and x.dtype == 6 and residual.dtype == 6:
      whole = x.contiguous()
      sums = torch.empty_like(whole)
      out = torch.empty_like(whole)
      ops.quern.add_rms_norm(residual.contiguous(), whole, weight, sums, out, epsilon)
      return (sums, out)
    total = torch.add(residual, x)
    return (total, __torch__.rms_norm(total, weight, epsilon))

  def gated(self, gate_up: Tensor, activation: int) -> Tensor:
    return __torch__.gated(gate_up, activation)

  # Tokens are sorted by expert, so that each expert runs once on all of its tokens; a token's sum is
  # taken in the order of the experts' numbers, whatever else is in the batch.
  def experts(self, x: Tensor, logits: Tensor, gate_up: List[Tensor], down: List[Tensor], how: int, top_k: int, normalise: bool, activation: int) -> Tensor:
    weights, chosen = torch.topk(torch.softmax(logits.to(6), -1), top_k, -1)
    if normalise:
      weights = torch.div(weights, torch.sum(weights, [-1], True))
    weights = weights.reshape([-1])
    chosen = chosen.reshape([-1])
    order = torch.argsort(chosen, stable=True)
    counts = torch.bincount(chosen, minlength=len(gate_up))
    total = torch.zeros(x.shape, dtype=6)
    first = 0
    for expert in range(len(gate_up)):
      count = int(counts[expert])
      if count > 0:
        mine = torch.narrow(order, 0, first, count)
        tokens = torch.floor_divide(mine, top_k)
        rows = torch.index_select(x, 0, tokens)
        hidden = __torch__.gated(__torch__.product(rows, gate_up[expert], None, how), activation)
        out = __torch__.product(hidden, down[expert], None, how).to(6)
        torch.index_add_(total, 0, tokens, torch.mul(out, torch.index_select(weights, 0, mine).unsqueeze(-1)))
        first = first + count
    return total.to(x.dtype)

  def rows(self, x: Tensor, rows: Tensor) -> Tensor:
    return torch.index_select(x, 0, rows)

  def soft_cap(self, x: Tensor, cap: float) -> Tensor:
    return torch.mul(torch.tanh(torch.div(x.to(6), cap)), cap).to(x.dtype)

  # torch.max of fp32 is several times faster than torch.argmax of bf16; the first of equals wins.
  def argmax(self, logits: Tensor) -> Tensor:
    largest, index = torch.max(logits.to(6), -1)
    return torch.where(torch.isfinite(largest), index, torch.full_like(index, -1))

  def full(self, x: Tensor) -> Tensor:
    return x.to(6).contiguous()

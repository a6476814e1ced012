# Operations of models that read whole texts. x is [tokens, features]; `groups` holds for each run of texts of
# one length: how many texts, their length, and how many leading tokens of each pooling leaves out. Numbers of
# functions: 0 none, 1 ReLU, 2 tanh, 3 sigmoid, 4 SiLU, 5 GELU by erf, 6 GELU by tanh.
def pointwise(x: Tensor, function: int) -> Tensor:
  if function == 1:
    return torch.relu(x)
  if function == 2:
    return torch.tanh(x)
  if function == 3:
    return torch.sigmoid(x)
  if function == 4:
    return torch.silu(x)
  if function == 5:
    return torch.gelu(x)
  if function == 6:
    return torch.gelu(x, approximate="tanh")
  return x

def linear_add(x: Tensor, weight: Tensor, bias: Optional[Tensor], how: int, residual: Tensor) -> Tensor:
  if how == 1:
    return ops.mkldnn._linear_pointwise(x, residual, weight, bias, "add")
  return torch.add(__torch__.product(x, weight, bias, how), residual)

# x [tokens, heads, size]; cosines and sines [tokens, 1, rotaryDim / 2]
def rotated(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
  half = cosines.shape[-1]
  first = torch.narrow(x, 2, 0, half)
  second = torch.narrow(x, 2, half, half)
  parts = [torch.sub(torch.mul(first, cosines), torch.mul(second, sines)), torch.add(torch.mul(second, cosines), torch.mul(first, sines))]
  rest = x.shape[2] - 2 * half
  if rest > 0:
    parts.append(torch.narrow(x, 2, 2 * half, rest))
  return torch.cat(parts, 2)

def normed(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
  return torch.mul(torch.mul(x, torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), epsilon))), weight)

# Blocks of queries against the keys that any of them sees, so that a window costs its width and not the text's.
def windowed(q: Tensor, k: Tensor, v: Tensor, scale: float, before: int, after: int) -> Tensor:
  length = q.shape[2]
  block = 128
  outputs = annotate(List[Tensor], [])
  for i in range((length + block - 1) // block):
    start = i * block
    rows = min(block, length - start)
    first = max(0, start - before)
    keys = min(length, start + rows + after) - first
    distance = torch.sub(torch.arange(start, start + rows, dtype=4).unsqueeze(1), torch.arange(first, first + keys, dtype=4).unsqueeze(0))
    hidden = torch.logical_or(torch.gt(distance, before), torch.lt(distance, -after))
    mask = torch.masked_fill(torch.zeros([rows, keys], dtype=q.dtype), hidden, -inf)
    outputs.append(torch.scaled_dot_product_attention(torch.narrow(q, 2, start, rows), torch.narrow(k, 2, first, keys), torch.narrow(v, 2, first, keys), mask, 0.0, False, scale=scale))
  if len(outputs) == 1:
    return outputs[0]
  return torch.cat(outputs, 2)

# q, k, v [texts, heads, length, size]
def attend(q: Tensor, k: Tensor, v: Tensor, bias: Optional[Tensor], scale: float, before: int, after: int) -> Tensor:
  farthest = q.shape[2] - 1
  if before >= farthest and (after >= farthest or after == 0):
    return torch.scaled_dot_product_attention(q, k, v, bias, 0.0, after == 0 and farthest > 0, scale=scale)
  return __torch__.windowed(q, k, v, scale, before, after)

# Texts so short that a call for each head costs more than what it computes: all heads of all texts in two
# products. qkv [texts * length, 3 * heads * size]
def attend_short(qkv: Tensor, texts: int, length: int, heads: int, scale: float) -> Tensor:
  parts = qkv.view([texts, length, 3, heads, -1]).permute([2, 0, 3, 1, 4]).reshape([3, texts * heads, length, -1])
  keys = torch.select(parts, 0, 1).transpose(1, 2)
  scores = torch.baddbmm(torch.empty([1, 1, 1], dtype=qkv.dtype), torch.select(parts, 0, 0), keys, beta=0, alpha=scale)
  out = torch.bmm(torch.softmax(scores, -1), torch.select(parts, 0, 2))
  return out.view([texts, heads, length, -1]).transpose(1, 2).reshape([texts * length, -1])

class Encoders(Module):
  training : bool

  def nothing(self) -> Optional[Tensor]:
    return None

  def indices(self, ids: List[int], positions: List[int], types: List[int]) -> Tuple[Tensor, Tensor, Tensor]:
    return (torch.tensor(ids, dtype=4), torch.tensor(positions, dtype=4), torch.tensor(types, dtype=4))

  def layer_norm(self, x: Tensor, weight: Tensor, bias: Optional[Tensor], epsilon: float) -> Tensor:
    return torch.layer_norm(x, [x.shape[-1]], weight, bias, epsilon)

  def linear_add_norm(self, x: Tensor, weight: Tensor, bias: Optional[Tensor], how: int, residual: Tensor, norm_weight: Tensor, norm_bias: Optional[Tensor], epsilon: float) -> Tensor:
    total = __torch__.linear_add(x, weight, bias, how, residual)
    return torch.layer_norm(total, [total.shape[-1]], norm_weight, norm_bias, epsilon)

  def linear_add(self, x: Tensor, weight: Tensor, bias: Optional[Tensor], how: int, residual: Tensor) -> Tensor:
    return __torch__.linear_add(x, weight, bias, how, residual)

  def linear(self, x: Tensor, weight: Tensor, bias: Optional[Tensor], how: int, function: int) -> Tensor:
    if how == 1:
      if function == 5:
        return ops.mkldnn._linear_pointwise(x, weight, bias, "gelu", [], "none")
      if function == 6:
        return ops.mkldnn._linear_pointwise(x, weight, bias, "gelu", [], "tanh")
      return __torch__.pointwise(ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], ""), function)
    return __torch__.pointwise(__torch__.product(x, weight, bias, how), function)

  # qkv [tokens, (queryHeads + 2 * kvHeads) * size]; biases: one [heads, length, length] a group, or none
  def attention(self, qkv: Tensor, query_heads: int, kv_heads: int, query_norm: Optional[Tensor], key_norm: Optional[Tensor], epsilon: float, cosines: Optional[Tensor], sines: Optional[Tensor], groups: List[int], biases: List[Tensor], scale: float, before: int, after: int) -> Tensor:
    split = qkv.view([qkv.shape[0], query_heads + 2 * kv_heads, -1])
    size = split.shape[2]
    q = torch.narrow(split, 1, 0, query_heads)
    k = torch.narrow(split, 1, query_heads, kv_heads)
    v = torch.narrow(split, 1, query_heads + kv_heads, kv_heads)
    if cosines is not None and sines is not None:
      x = torch.narrow(split, 1, 0, query_heads + kv_heads).to(6)
      if query_norm is not None and key_norm is not None:
        x = torch.cat([__torch__.normed(torch.narrow(x, 1, 0, query_heads), query_norm, epsilon), __torch__.normed(torch.narrow(x, 1, query_heads, kv_heads), key_norm, epsilon)], 1)
      x = __torch__.rotated(x, cosines, sines).to(qkv.dtype)
      q = torch.narrow(x, 1, 0, query_heads)
      k = torch.narrow(x, 1, query_heads, kv_heads)
    share = query_heads // kv_heads
    outputs = annotate(List[Tensor], [])
    row = 0
    for i in range(len(groups) // 3):
      texts = groups[3 * i]
      length = groups[3 * i + 1]
      rows = texts * length
      bias = annotate(Optional[Tensor], None)
      if len(biases) > 0:
        bias = biases[i]
      if length <= 16 and share == 1 and qkv.dtype == 6 and cosines is None and len(biases) == 0 and before >= length and after >= length:
        outputs.append(__torch__.attend_short(torch.narrow(qkv, 0, row, rows), texts, length, query_heads, scale))
        row = row + rows
        continue
      mine = torch.narrow(q, 0, row, rows)
      keys = torch.narrow(k, 0, row, rows).view([texts, length, kv_heads, size]).transpose(1, 2)
      values = torch.narrow(v, 0, row, rows).view([texts, length, kv_heads, size]).transpose(1, 2)
      if share == 1:
        out = __torch__.attend(mine.view([texts, length, query_heads, size]).transpose(1, 2), keys, values, bias, scale, before, after)
        outputs.append(out.transpose(1, 2).reshape([rows, query_heads * size]))
      else:
        # Each key head and the query heads that share it become a text of their own: no copies of keys.
        mine = mine.view([texts, length, kv_heads, share, size]).permute([0, 2, 3, 1, 4]).reshape([texts * kv_heads, share, length, size])
        keys = keys.reshape([texts * kv_heads, 1, length, size]).expand([texts * kv_heads, share, length, size])
        values = values.reshape([texts * kv_heads, 1, length, size]).expand([texts * kv_heads, share, length, size])
        out = __torch__.attend(mine, keys, values, bias, scale, before, after)
        outputs.append(out.view([texts, kv_heads, share, length, size]).permute([0, 3, 1, 2, 4]).reshape([rows, query_heads * size]))
      row = row + rows
    if len(outputs) == 1:
      return outputs[0]
    return torch.cat(outputs, 0)

  def rotation(self, cosines: Tensor, sines: Tensor, positions: Tensor) -> Tuple[Tensor, Tensor]:
    return (torch.index_select(cosines, 0, positions).unsqueeze(1), torch.index_select(sines, 0, positions).unsqueeze(1))

  def numbers(self, values: List[int]) -> Tensor:
    return torch.tensor(values, dtype=4)

  def no_biases(self) -> List[Tensor]:
    return annotate(List[Tensor], [])

  # table [buckets, heads]; buckets by distance from -(max - 1) to max - 1. For each group [1, heads, length, length].
  def biases(self, table: Tensor, buckets: Tensor, longest: int, groups: List[int]) -> List[Tensor]:
    biases = annotate(List[Tensor], [])
    for i in range(len(groups) // 3):
      length = groups[3 * i + 1]
      place = torch.arange(length, dtype=4)
      distance = torch.add(torch.sub(place.unsqueeze(0), place.unsqueeze(1)), longest - 1)
      chosen = torch.index_select(buckets, 0, distance.view([-1]))
      bias = torch.index_select(table, 0, chosen).view([length, length, -1]).permute([2, 0, 1])
      biases.append(torch.clone(bias, memory_format=0).unsqueeze(0))
    return biases

  # mode: 0 first token, 1 maximum, 2 mean, 3 sum by root of length, 4 weighted mean, 5 last token
  def pool(self, x: Tensor, groups: List[int], mode: int) -> Tensor:
    outputs = annotate(List[Tensor], [])
    row = 0
    for i in range(len(groups) // 3):
      texts = groups[3 * i]
      length = groups[3 * i + 1]
      prompt = groups[3 * i + 2]
      rows = texts * length
      part = torch.narrow(x, 0, row, rows).view([texts, length, -1])
      part = torch.narrow(part, 1, prompt, length - prompt)
      count = length - prompt
      if mode == 0:
        outputs.append(torch.select(part, 1, 0).to(6))
      elif mode == 1:
        outputs.append(torch.amax(part, [1]).to(6))
      elif mode == 2:
        outputs.append(torch.mean(part, [1], dtype=6))
      elif mode == 3:
        outputs.append(torch.div(torch.sum(part, [1], dtype=6), float(count) ** 0.5))
      elif mode == 4:
        weights = torch.arange(prompt + 1, length + 1, dtype=6).view([1, -1, 1])
        outputs.append(torch.div(torch.sum(torch.mul(part.to(6), weights), [1]), torch.sum(weights)))
      else:
        outputs.append(torch.select(part, 1, count - 1).to(6))
      row = row + rows
    return torch.cat(outputs, 0)

  def concatenated(self, parts: List[Tensor]) -> Tensor:
    return torch.cat(parts, 1)

  def converted(self, x: Tensor, dtype: int) -> Tensor:
    return x.to(dtype)

  def pointwise(self, x: Tensor, function: int) -> Tensor:
    return __torch__.pointwise(x, function)

  def normalised(self, x: Tensor) -> Tensor:
    full = x.to(6)
    length = torch.sqrt(torch.sum(torch.mul(full, full), [-1], True))
    return torch.div(full, torch.clamp_min(length, 1e-12)).to(x.dtype)

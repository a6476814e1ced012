# Rotary embedding, the paged KV cache and attention over it. Slabs of one layer are
# [slots, kvHeads, headDim]; slot s is token s % blockSize of block s / blockSize.
class Attention(Module):
  training : bool

  # Rows of the rotary table for a step: [tokens, 1, rotaryDim / 2] each.
  def rotation(self, cosines: Tensor, sines: Tensor, positions: Tensor) -> Tuple[Tensor, Tensor]:
    return (torch.index_select(cosines, 0, positions).unsqueeze(1), torch.index_select(sines, 0, positions).unsqueeze(1))

  # qkv [tokens, (queryHeads + 2 * kvHeads) * headDim]; returns q [tokens, queryHeads, headDim]
  def rotate_and_cache(self, qkv: Tensor, query_heads: int, kv_heads: int, query_norm: Optional[Tensor], key_norm: Optional[Tensor], epsilon: float, cosines: Tensor, sines: Tensor, keys: Tensor, values: Tensor, slots: Tensor) -> Tensor:
    if __torch__.own_kernels() and qkv.dtype == 6 and keys.dtype == 6:
      queries = torch.empty([qkv.shape[0], query_heads, keys.shape[2]], dtype=6)
      norms = [qkv, qkv]
      normed = 0
      if query_norm is not None and key_norm is not None:
        norms = [query_norm, key_norm]
        normed = 1
      ops.quern.rotate_and_cache(qkv.contiguous(), norms[0], norms[1], cosines, sines, slots, keys, values, queries, normed, epsilon)
      return queries
    heads = query_heads + kv_heads
    split = qkv.view([qkv.shape[0], heads + kv_heads, -1])
    x = torch.narrow(split, 1, 0, heads).to(6)
    if query_norm is not None and key_norm is not None:
      x = torch.mul(x, torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), epsilon)))
      x = torch.cat([torch.mul(torch.narrow(x, 1, 0, query_heads), query_norm), torch.mul(torch.narrow(x, 1, query_heads, kv_heads), key_norm)], 1)
    half = cosines.shape[-1]
    first = torch.narrow(x, 2, 0, half)
    second = torch.narrow(x, 2, half, half)
    parts = [torch.sub(torch.mul(first, cosines), torch.mul(second, sines)), torch.add(torch.mul(second, cosines), torch.mul(first, sines))]
    rest = x.shape[2] - 2 * half
    if rest > 0:
      parts.append(torch.narrow(x, 2, 2 * half, rest))
    rotated = torch.cat(parts, 2).to(qkv.dtype)
    torch.index_copy_(keys, 0, slots, torch.narrow(rotated, 1, query_heads, kv_heads).to(keys.dtype))
    torch.index_copy_(values, 0, slots, torch.narrow(split, 1, heads, kv_heads).to(values.dtype))
    return torch.narrow(rotated, 1, 0, query_heads)

  # Additive masks [rows, keys] (empty where none is needed) and block numbers (empty where the keys
  # lie in one run of slots). `shapes` holds rows, keys, masked (0 or 1) and the number of blocks of
  # each sequence; `blocks` the block numbers one after another.
  def plan(self, shapes: List[int], blocks: List[int], window: int, dtype: int) -> Tuple[List[Tensor], List[Tensor]]:
    masks = annotate(List[Tensor], [])
    tables = annotate(List[Tensor], [])
    numbers = torch.tensor(blocks, dtype=4)
    first = 0
    for i in range(len(shapes) // 4):
      rows = shapes[4 * i]
      keys = shapes[4 * i + 1]
      mask = torch.empty([0], dtype=dtype)
      if shapes[4 * i + 2] == 1:
        distance = torch.sub(torch.arange(keys - rows, keys, dtype=4).unsqueeze(1), torch.arange(keys, dtype=4).unsqueeze(0))
        hidden = torch.lt(distance, 0)
        if window > 0:
          hidden = torch.logical_or(hidden, torch.ge(distance, window))
        mask = torch.masked_fill(torch.zeros([rows, keys], dtype=dtype), hidden, -inf)
      masks.append(mask)
      count = shapes[4 * i + 3]
      tables.append(torch.narrow(numbers, 0, first, count))
      first = first + count
    return (masks, tables)

  # Decoded tokens for our own kernel: [count, 4] of row, keys, start and first block, and the block numbers.
  def plan_decoded(self, tokens: List[int], blocks: List[int]) -> Tuple[Tensor, Tensor]:
    return (torch.tensor(tokens, dtype=4).view([-1, 4]), torch.tensor(blocks, dtype=4))

  # Decoded tokens that go together: their rows, additive masks [members, 1, 1, keys] and blocks to
  # gather. `shapes` holds members and blocks of each group; `members` the row, first key and end of
  # keys of each member; `blocks` the members' padded block numbers.
  def plan_groups(self, shapes: List[int], members: List[int], blocks: List[int], block_size: int, dtype: int) -> Tuple[List[Tensor], List[Tensor], List[Tensor]]:
    rows = annotate(List[Tensor], [])
    masks = annotate(List[Tensor], [])
    tables = annotate(List[Tensor], [])
    spans = torch.tensor(members, dtype=4).view([-1, 3])
    numbers = torch.tensor(blocks, dtype=4)
    first = 0
    first_block = 0
    for i in range(len(shapes) // 2):
      count = shapes[2 * i]
      keys = shapes[2 * i + 1] * block_size
      mine = torch.narrow(spans, 0, first, count)
      rows.append(torch.select(mine, 1, 0).contiguous())
      places = torch.arange(keys, dtype=4).unsqueeze(0)
      hidden = torch.logical_or(torch.lt(places, torch.narrow(mine, 1, 1, 1)), torch.ge(places, torch.narrow(mine, 1, 2, 1)))
      masks.append(torch.masked_fill(torch.zeros([count, keys], dtype=dtype), hidden, -inf).view([count, 1, 1, keys]))
      tables.append(torch.narrow(numbers, 0, first_block, count * shapes[2 * i + 1]))
      first = first + count
      first_block = first_block + count * shapes[2 * i + 1]
    return (rows, masks, tables)

  # Query, key and value are [.., heads, rows or keys, headDim].
  def attend(self, query: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool, scale: float, cap: float) -> Tensor:
    if cap > 0.0:
      scores = torch.mul(torch.tanh(torch.mul(torch.matmul(query.to(6), k.to(6).transpose(2, 3)), scale / cap)), cap)
      if mask is not None:
        scores = torch.add(scores, mask)
      return torch.matmul(torch.softmax(scores, -1), v.to(6)).to(query.dtype)
    return torch.scaled_dot_product_attention(query, k, v, mask, 0.0, causal, scale=scale)

  # Decoded tokens of several sequences, q [tokens, queryHeads, headDim]: [members, width].
  def together(self, q: Tensor, keys: Tensor, values: Tensor, rows: Tensor, table: Tensor, mask: Tensor, block_size: int, scale: float, cap: float) -> Tensor:
    members = rows.shape[0]
    kv_heads = keys.shape[1]
    size = keys.shape[2]
    group = q.shape[1] // kv_heads
    blocks = [-1, block_size, kv_heads, size]
    gathered = [members, -1, kv_heads, size]
    k = torch.index_select(keys.view(blocks), 0, table).view(gathered).transpose(1, 2)
    v = torch.index_select(values.view(blocks), 0, table).view(gathered).transpose(1, 2)
    query = torch.index_select(q, 0, rows).view([members, kv_heads, group, size])
    return self.attend(query, k, v, mask, False, scale, cap).reshape([members, q.shape[1] * size])

  # Some rows of one sequence: [rows, width].
  def piece(self, query: Tensor, keys: Tensor, values: Tensor, start: int, count: int, mask: Tensor, table: Tensor, block_size: int, causal: bool, scale: float, cap: float) -> Tensor:
    rows = query.shape[0]
    kv_heads = keys.shape[1]
    size = keys.shape[2]
    group = query.shape[1] // kv_heads
    width = query.shape[1] * size
    k = keys
    v = values
    if table.shape[0] > 0:
      k = torch.index_select(keys.view([-1, block_size, kv_heads, size]), 0, table).view([-1, kv_heads, size])
      v = torch.index_select(values.view([-1, block_size, kv_heads, size]), 0, table).view([-1, kv_heads, size])
    k = torch.narrow(k, 0, start, count).transpose(0, 1)
    v = torch.narrow(v, 0, start, count).transpose(0, 1)
    if rows == 1:
      # The heads that share a key become the rows of one query: no mask and no copies of keys.
      out = self.attend(query.view([1, kv_heads, group, size]), k.unsqueeze(0), v.unsqueeze(0), None, False, scale, cap)
      return out.reshape([1, width])
    query = query.view([rows, kv_heads, group, size]).permute([1, 2, 0, 3])
    k = k.unsqueeze(1).expand([kv_heads, group, count, size])
    v = v.unsqueeze(1).expand([kv_heads, group, count, size])
    some = annotate(Optional[Tensor], None)
    if mask.shape[0] > 0:
      some = mask
    out = self.attend(query, k, v, some, causal, scale, cap)
    return out.permute([2, 0, 1, 3]).reshape([rows, width])

  # q [tokens, queryHeads, headDim]. `pieces` holds for each: first row, rows, keys, first slot of the
  # keys (after the gather, where there is a block table) and whether the attention is plainly causal. `decoded`
  # are tokens for our own kernel.
  def paged(self, q: Tensor, keys: Tensor, values: Tensor, pieces: List[int], masks: List[Tensor], tables: List[Tensor], group_rows: List[Tensor], group_masks: List[Tensor], group_tables: List[Tensor], decoded: Tensor, decoded_blocks: Tensor, block_size: int, scale: float, cap: float) -> Tensor:
    tokens = q.shape[0]
    out = q
    if len(group_rows) + len(masks) > 1 or decoded.shape[0] > 0:
      out = torch.empty([tokens, q.shape[1] * q.shape[2]], dtype=q.dtype)
    if decoded.shape[0] > 0:
      ops.quern.decoded_attention(q.contiguous(), keys, values, decoded, decoded_blocks, out, block_size, scale, cap)
    for i in range(len(group_rows)):
      result = self.together(q, keys, values, group_rows[i], group_tables[i], group_masks[i], block_size, scale, cap)
      if result.shape[0] == tokens:
        return result
      torch.index_copy_(out, 0, group_rows[i], result)
    for i in range(len(masks)):
      row = pieces[5 * i]
      rows = pieces[5 * i + 1]
      query = torch.narrow(q, 0, row, rows)
      result = self.piece(query, keys, values, pieces[5 * i + 3], pieces[5 * i + 2], masks[i], tables[i], block_size, pieces[5 * i + 4] == 1, scale, cap)
      if rows == tokens:
        return result
      torch.copy_(torch.narrow(out, 0, row, rows), result)
    return out

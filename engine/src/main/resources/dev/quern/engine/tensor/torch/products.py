# Products of activations [tokens, in] and a weight [out, in], for the scripts that have layers. Numbers of `how`
# as in TorchProducts: 0 libtorch's product, 1 weight in oneDNN's layout, 2 weight in 16 bits, widened in registers.

# Sums and bias are fp32 and are rounded once, as by a bf16 product. The scratch holds x in another order.
def widened(x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
  tokens = x.shape[0]
  features = x.shape[1]
  scratch = torch.empty([tokens, (features + 15) // 16 * 16], dtype=6)
  out = torch.empty([tokens, weight.shape[0]], dtype=6)
  ops.quern.linear(x.to(6).contiguous(), weight, out, scratch)
  if bias is not None:
    torch.add_(out, bias)
  return out.to(x.dtype)

def product(x: Tensor, weight: Tensor, bias: Optional[Tensor], how: int) -> Tensor:
  if how == 1:
    return ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
  if how == 2:
    return __torch__.widened(x, weight, bias)
  return torch.linear(x, weight, bias)

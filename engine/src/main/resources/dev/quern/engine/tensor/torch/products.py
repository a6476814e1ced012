# Products of activations [tokens, in] and a weight [out, in], for the scripts that have layers. Numbers of `how`
# as in TorchProducts: 0 libtorch's product, 1 weight in oneDNN's layout, 2 weight in bf16, widened by panels.

# Panels of the weight become fp32 in one scratch of at most 3 MiB, which stays in the caches for the product.
# Sums and bias are fp32 and are rounded once, as by a bf16 product.
def widened(x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
  features = weight.shape[0]
  rows = max(64, 786432 // weight.shape[1])
  scratch = torch.empty([min(rows, features), weight.shape[1]], dtype=6)
  wide = x.to(6)
  out = torch.empty([x.shape[0], features], dtype=x.dtype)
  first = 0
  while first < features:
    count = min(rows, features - first)
    panel = torch.copy_(torch.narrow(scratch, 0, 0, count), torch.narrow(weight, 0, first, count))
    part = torch.matmul(wide, panel.t())
    if bias is not None:
      part = torch.add(part, torch.narrow(bias, 0, first, count))
    torch.copy_(torch.narrow(out, 1, first, count), part)
    first = first + count
  return out

def product(x: Tensor, weight: Tensor, bias: Optional[Tensor], how: int) -> Tensor:
  if how == 1:
    return ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
  if how == 2 and x.shape[0] >= 8:
    return __torch__.widened(x, weight, bias)
  return torch.linear(x, weight, bias)


"""The Llama architecture once more, written to train fast on a CPU.

Parameter names equal those of transformers' LlamaForCausalLM, so that a state dict moves over as it
is; evaluate.py uses transformers, never this class.
"""

import torch
import torch.nn.functional as F
from torch import nn

CONFIG = {
    "hidden_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "intermediate_size": 1152,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
}


class RMSNorm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + CONFIG["rms_norm_eps"])
        return (x.float() * scale * self.weight).to(torch.bfloat16)


def linear(x, layer):
    return F.linear(x, layer.weight.to(torch.bfloat16))


def rotate(x, cos, sin):
    """x [batch, heads, length, head_dim]; the halves of head_dim are the pairs, as in transformers."""
    first, second = x.float().chunk(2, -1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1).to(x.dtype)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        size, dim = CONFIG["hidden_size"], CONFIG["head_dim"]
        self.heads, self.kv_heads = CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"]
        self.q_proj = nn.Linear(size, self.heads * dim, bias=False)
        self.k_proj = nn.Linear(size, self.kv_heads * dim, bias=False)
        self.v_proj = nn.Linear(size, self.kv_heads * dim, bias=False)
        self.o_proj = nn.Linear(self.heads * dim, size, bias=False)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape

        def heads(y, count):
            return y.view(batch, length, count, CONFIG["head_dim"]).transpose(1, 2)

        q = rotate(heads(linear(x, self.q_proj), self.heads), cos, sin)
        k = rotate(heads(linear(x, self.k_proj), self.kv_heads), cos, sin)
        v = heads(linear(x, self.v_proj), self.kv_heads)
        group = self.heads // self.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return linear(y.transpose(1, 2).reshape(batch, length, -1), self.o_proj)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        size, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
        self.gate_proj = nn.Linear(size, inner, bias=False)
        self.up_proj = nn.Linear(size, inner, bias=False)
        self.down_proj = nn.Linear(inner, size, bias=False)

    def forward(self, x):
        return linear(F.silu(linear(x, self.gate_proj)) * linear(x, self.up_proj), self.down_proj)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_layernorm = RMSNorm(CONFIG["hidden_size"])
        self.self_attn = Attention()
        self.post_attention_layernorm = RMSNorm(CONFIG["hidden_size"])
        self.mlp = Mlp()

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(vocabulary, CONFIG["hidden_size"])
        self.model.layers = nn.ModuleList(Layer() for _ in range(CONFIG["num_hidden_layers"]))
        self.model.norm = RMSNorm(CONFIG["hidden_size"])
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                scale = 0.02 if "embed" in name else CONFIG["hidden_size"] ** -0.5
                residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=scale * (0.3 if residual else 0.7))

    def forward(self, tokens, wanted):
        """Logits [wanted, vocabulary] at the flat positions `wanted` of tokens [batch, length]."""
        dim = CONFIG["head_dim"]
        rates = CONFIG["rope_theta"] ** (-torch.arange(0, dim, 2).float() / dim)
        angles = torch.arange(tokens.shape[1]).float()[:, None] * rates
        cos, sin = angles.cos(), angles.sin()
        # Residual stream in fp32, matrix products in bf16.
        x = self.model.embed_tokens(tokens)
        for layer in self.model.layers:
            x = layer(x, cos, sin)
        x = self.model.norm(x).flatten(0, 1)[wanted]
        return F.linear(x, self.model.embed_tokens.weight.to(torch.bfloat16)).float()

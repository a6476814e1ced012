"""Checkpoints of real shapes with random weights, made on the host that measures them.

python3 checkpoints.py FOLDER NAME [NAME ...]     llama-8b qwen2.5-7b qwen2.5-0.5b tiny-llama tiny-qwen2

Each is an ordinary Hugging Face folder: config.json, model.safetensors in bf16 and the tokenizer that
is given by --tokenizer (its ids are only a part of the vocabulary: prompts are token ids).
"""

import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file

LLAMA3_ROPE = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 8192}
SHAPES = {
    "llama-8b": dict(family="llama", hidden=4096, layers=32, heads=32, kv_heads=8, head_dim=128, intermediate=14336,
                     vocabulary=128256, theta=500000.0, tied=False, context=16384, rope=LLAMA3_ROPE),
    "qwen2.5-7b": dict(family="qwen2", hidden=3584, layers=28, heads=28, kv_heads=4, head_dim=128, intermediate=18944,
                       vocabulary=152064, theta=1000000.0, tied=False, context=16384, rope=None),
    "qwen2.5-0.5b": dict(family="qwen2", hidden=896, layers=24, heads=14, kv_heads=2, head_dim=64, intermediate=4864,
                         vocabulary=151936, theta=1000000.0, tied=True, context=16384, rope=None),
    "tiny-llama": dict(family="llama", hidden=64, layers=2, heads=4, kv_heads=2, head_dim=16, intermediate=128,
                       vocabulary=4096, theta=500000.0, tied=False, context=512, rope=LLAMA3_ROPE),
    "tiny-qwen2": dict(family="qwen2", hidden=64, layers=2, heads=4, kv_heads=2, head_dim=16, intermediate=128,
                       vocabulary=4096, theta=1000000.0, tied=True, context=512, rope=None),
}
FAMILIES = {"llama": ("LlamaForCausalLM", "llama"), "qwen2": ("Qwen2ForCausalLM", "qwen2")}


def config(shape):
    architecture, model_type = FAMILIES[shape["family"]]
    values = dict(architectures=[architecture], model_type=model_type, hidden_size=shape["hidden"],
                  num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"],
                  num_key_value_heads=shape["kv_heads"], head_dim=shape["head_dim"],
                  intermediate_size=shape["intermediate"], vocab_size=shape["vocabulary"], rms_norm_eps=1e-5,
                  rope_theta=shape["theta"], tie_word_embeddings=shape["tied"], max_position_embeddings=shape["context"],
                  hidden_act="silu", torch_dtype="bfloat16", bos_token_id=1, eos_token_id=2,
                  attention_bias=False, mlp_bias=False)
    if shape["rope"]:
        values["rope_scaling"] = shape["rope"]
    return values


def tensors(shape, device):
    """Weights of such sizes that activations neither grow nor vanish, and logits that differ."""
    generator = torch.Generator(device=device).manual_seed(20261130)
    hidden, intermediate = shape["hidden"], shape["intermediate"]

    def matrix(rows, columns, gain=1.0):
        weight = torch.randn(rows, columns, generator=generator, device=device, dtype=torch.float32)
        return (weight * (gain / columns**0.5)).to(torch.bfloat16).cpu()

    def ones(size):
        return (1 + 0.02 * torch.randn(size, generator=generator, device=device)).to(torch.bfloat16).cpu()

    found = {"model.embed_tokens.weight": matrix(shape["vocabulary"], hidden, gain=hidden**0.5 * 0.5),
             "model.norm.weight": ones(hidden)}
    if not shape["tied"]:
        found["lm_head.weight"] = matrix(shape["vocabulary"], hidden, gain=4.0)
    queries, keys = shape["heads"] * shape["head_dim"], shape["kv_heads"] * shape["head_dim"]
    for layer in range(shape["layers"]):
        at = f"model.layers.{layer}."
        for name, rows in (("q", queries), ("k", keys), ("v", keys)):
            found[f"{at}self_attn.{name}_proj.weight"] = matrix(rows, hidden)
            if shape["family"] == "qwen2":
                found[f"{at}self_attn.{name}_proj.bias"] = (
                    0.1 * torch.randn(rows, generator=generator, device=device)).to(torch.bfloat16).cpu()
        found[at + "self_attn.o_proj.weight"] = matrix(hidden, queries, gain=0.5)
        found[at + "mlp.gate_proj.weight"] = matrix(intermediate, hidden)
        found[at + "mlp.up_proj.weight"] = matrix(intermediate, hidden)
        found[at + "mlp.down_proj.weight"] = matrix(hidden, intermediate, gain=0.5)
        found[at + "input_layernorm.weight"] = ones(hidden)
        found[at + "post_attention_layernorm.weight"] = ones(hidden)
    return found


def make(folder, name, tokenizer):
    """The checkpoint's folder, made unless it is there."""
    target = pathlib.Path(folder) / name
    if (target / "config.json").exists():
        return target
    target.mkdir(parents=True, exist_ok=True)
    shape = SHAPES[name]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    save_file(tensors(shape, device), str(target / "model.safetensors"), metadata={"format": "pt"})
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(pathlib.Path(tokenizer) / file, target / file)
    # Last: a folder with a configuration is whole.
    (target / "config.json").write_text(json.dumps(config(shape), indent=1))
    return target


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="+", choices=sorted(SHAPES))
    parser.add_argument("--tokenizer", required=True)
    arguments = parser.parse_args()
    for wanted in arguments.names:
        print(make(arguments.folder, wanted, arguments.tokenizer))

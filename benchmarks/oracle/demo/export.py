"""export.py MODEL OUT: writes the checkpoint in the folder MODEL to OUT in the Hugging Face layout, in bf16.

README.md must be in OUT already if it is to be in the index: `index.txt` names every other file there.
"""

import hashlib
import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import save_file

from model import CONFIG
from train_tokenizer import SPECIAL


def main():
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    state = torch.load(source / "checkpoint.pt")
    vocabulary = state["model.embed_tokens.weight"].shape[0]
    save_file({name: tensor.to(torch.bfloat16).contiguous() for name, tensor in sorted(state.items())},
              out / "model.safetensors", metadata={"format": "pt"})
    ids = {name: i for i, name in enumerate(SPECIAL)}
    ends = [ids["<|im_end|>"], ids["</s>"]]
    (out / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", **CONFIG, "rope_scaling": None,
        "vocab_size": vocabulary, "hidden_act": "silu", "attention_bias": False, "attention_dropout": 0.0,
        "mlp_bias": False, "tie_word_embeddings": True, "initializer_range": 0.02, "use_cache": True,
        "bos_token_id": ids["<s>"], "eos_token_id": ends, "pad_token_id": ids["<pad>"],
        "pretraining_tp": 1, "torch_dtype": "bfloat16"}, indent=2) + "\n")
    (out / "generation_config.json").write_text(json.dumps({
        "bos_token_id": ids["<s>"], "eos_token_id": ends, "pad_token_id": ids["<pad>"]}, indent=2) + "\n")
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(source / name, out / name)
    lines = []
    for file in sorted(out.iterdir(), key=lambda f: f.name):
        if file.name != "index.txt":
            content = file.read_bytes()
            lines.append(f"{hashlib.sha256(content).hexdigest()}  {len(content)}  {file.name}\n")
    (out / "index.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()

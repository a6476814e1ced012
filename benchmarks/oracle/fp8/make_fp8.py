"""Tiny FP8 checkpoints in the layouts that are published, with greedy ids of transformers.

Run from the repository root with safetensors, torch and transformers 5 installed:

    python benchmarks/oracle/fp8/make_fp8.py

Each folder of engine/src/test/resources/fp8/ is a Llama whose linear layers are stored as F8_E4M3 (or F8_E5M2) with
scales for the whole tensor, for rows, or for tiles: of 32 x 48, which the last rows and columns cut off, and of
16 x 16, which transformers can load by itself; that is checked. golden.json has a prompt and the greedy ids that
transformers computes in fp32 with each weight times its scale.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).parent.parent / "families"))
import make_families as families  # noqa: E402

OUT = Path("engine/src/test/resources/fp8")
TILES = {"tiles": (32, 48), "small-tiles": (16, 16)}
COMPRESSED = dict(
    quant_method="compressed-tensors",
    format="float-quantized",
    config_groups=dict(group_0=dict(targets=["Linear"], weights=dict(num_bits=8, type="float", strategy="channel"))),
    ignore=["lm_head"],
)
# name -> (how scales are laid out, their name, element type, quantization_config)
VARIANTS = {
    **{
        name: (
            name,
            "weight_scale_inv",
            torch.float8_e4m3fn,
            dict(quant_method="fp8", fmt="e4m3", weight_block_size=list(tile), activation_scheme="dynamic"),
        )
        for name, tile in TILES.items()
    },
    "rows": ("rows", "weight_scale", torch.float8_e4m3fn, COMPRESSED),
    "whole": ("whole", "weight_scale", torch.float8_e5m2, dict(quant_method="fp8", activation_scheme="static")),
}


def tile_shape(layout, weight):
    rows, columns = weight.shape
    return {**TILES, "rows": (1, columns), "whole": (rows, columns)}[layout]


def spread(scales, tile, shape):
    return scales.repeat_interleave(tile[0], 0)[: shape[0]].repeat_interleave(tile[1], 1)[:, : shape[1]]


def quantised(weight, layout, kind):
    """Codes, scales [tiles down, tiles across] in fp32, and what they stand for."""
    tile = tile_shape(layout, weight)
    down, across = -(-weight.shape[0] // tile[0]), -(-weight.shape[1] // tile[1])
    scales = torch.zeros(down, across)
    for i in range(down):
        for j in range(across):
            part = weight[i * tile[0] : (i + 1) * tile[0], j * tile[1] : (j + 1) * tile[1]]
            scales[i, j] = part.abs().max() / torch.finfo(kind).max
    wide = spread(scales, tile, weight.shape)
    codes = (weight / wide).to(kind)
    return codes, scales, codes.float() * wide


def make(name):
    layout, suffix, kind, config = VARIANTS[name]
    prompt = torch.randint(3, 256, (families.PROMPT,), generator=torch.Generator().manual_seed(len(name))).tolist()
    for seed in range(200):
        model = families.build("llama", {}, {}, seed)
        stored = {}
        with torch.no_grad():
            for key, value in model.state_dict().items():
                if not key.endswith("_proj.weight"):
                    stored[key] = value.to(torch.bfloat16)
                    continue
                codes, scales, meant = quantised(value, layout, kind)
                stored[key] = codes
                stored[key.replace("weight", suffix)] = scales.reshape(()) if layout == "whole" else scales
                if name == "whole":
                    stored[key.replace("weight", "input_scale")] = torch.tensor(0.5)
                value.copy_(meant)
        ids, _, lead = families.greedy(model, prompt)
        if lead > 2e-3 and len(set(ids)) >= 12:
            break
    else:
        raise SystemExit(f"{name}: no seed keeps clear of ties")
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    save_file(stored, folder / "model.safetensors", metadata=dict(format="pt"))
    written = json.loads((folder / "config.json").read_text())
    written["quantization_config"] = config
    (folder / "config.json").write_text(json.dumps(written, indent=2) + "\n")
    golden = dict(transformers=transformers.__version__, prompt=prompt, greedy=ids)
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    if name == "small-tiles":
        config = transformers.FineGrainedFP8Config(dequantize=True, weight_block_size=TILES[name])
        loaded = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager", quantization_config=config
        ).eval()
        if families.greedy(loaded, prompt)[0] != ids:
            raise SystemExit("transformers computes something else from the checkpoint")
    print(name, "seed", seed, {v.dtype for v in load_file(folder / "model.safetensors").values()})


if __name__ == "__main__":
    torch.set_num_threads(1)
    for chosen in sys.argv[1:] or VARIANTS:
        make(chosen)

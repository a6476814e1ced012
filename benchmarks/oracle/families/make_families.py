"""Tiny random checkpoints of every model family, with golden outputs of Hugging Face transformers.

Run from the repository root with torch and transformers 5 installed:

    python benchmarks/oracle/families/make_families.py [NAME ...]

For each variant it writes engine/src/test/resources/families/NAME/ with the checkpoint in the Hugging
Face layout and
  golden.json   prompt (40 ids), the 32 greedy ids after it in fp32, and in bf16 the greedy ids with the
                five likeliest ids of each step; for rotary scaling that depends on the length, the context
                length that the model is to be loaded for
  logits.f32    fp32 logits of the prompt, [40, vocabulary], little-endian

Weights are drawn wide, so that logits are well apart, and are representable in bf16. Seeds are fixed; a seed is
passed over while any greedy step in fp32 is close to a tie, while the output is one token again and again, or while
transformers' own fp32 and bf16 outputs differ by more than the bf16 tests allow (an expert at the border, say).
"""

import json
import shutil
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, CONFIG_MAPPING

OUT = Path("engine/src/test/resources/families")
PROMPT, STEPS, VOCABULARY = 40, 32, 256

SMALL = dict(
    vocab_size=VOCABULARY,
    hidden_size=64,
    intermediate_size=80,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=128,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
)


def rope(kind, **parameters):
    return dict(rope_type=kind, rope_theta=10000.0, **parameters)


# name -> (model type, configuration beyond SMALL, options)
VARIANTS = {
    "llama": ("llama", dict(rope_parameters=rope("default")), {}),
    "llama-tied": ("llama", dict(tie_word_embeddings=True, num_key_value_heads=4), dict(store=torch.float16)),
    "llama-bias": ("llama", dict(attention_bias=True, mlp_bias=True, hidden_act="gelu"), dict(store=torch.float32)),
    "llama-head-dim": ("llama", dict(head_dim=24, num_key_value_heads=1), {}),
    "llama-sharded": ("llama", dict(rms_norm_eps=1e-5), dict(shard="64KB")),
    "llama3": (
        "llama",
        dict(
            rope_parameters=rope(
                "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32
            )
        ),
        {},
    ),
    "llama-linear": ("llama", dict(rope_parameters=rope("linear", factor=2.5)), dict(old_rope=True)),
    # The base is that of a sequence of 96 tokens: transformers in the state it is in once it has seen one.
    "llama-dynamic": (
        "llama",
        dict(max_position_embeddings=24, rope_parameters=rope("dynamic", factor=4.0)),
        dict(context=96),
    ),
    "llama-yarn": (
        "llama",
        dict(rope_parameters=rope("yarn", factor=4.0, original_max_position_embeddings=32, beta_fast=8.0)),
        {},
    ),
    "mistral": ("mistral", dict(sliding_window=9), {}),
    "mistral-full": ("mistral", dict(sliding_window=None, head_dim=32), {}),
    "qwen2": (
        "qwen2",
        dict(num_hidden_layers=3, use_sliding_window=True, sliding_window=7, max_window_layers=2),
        {},
    ),
    "qwen2-yarn": (
        "qwen2",
        dict(
            max_position_embeddings=32,
            tie_word_embeddings=True,
            rope_parameters=rope(
                "yarn",
                factor=4.0,
                original_max_position_embeddings=32,
                mscale=1.2,
                mscale_all_dim=0.7,
                truncate=False,
            ),
        ),
        {},
    ),
    "qwen3": (
        "qwen3",
        dict(
            head_dim=24,
            num_hidden_layers=3,
            use_sliding_window=True,
            sliding_window=11,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        ),
        {},
    ),
    "gemma2": (
        "gemma2",
        dict(
            head_dim=16,
            query_pre_attn_scalar=24,
            sliding_window=8,
            attn_logit_softcapping=5.0,
            final_logit_softcapping=12.0,
        ),
        {},
    ),
    "gemma3": (
        "gemma3_text",
        dict(
            head_dim=16,
            num_hidden_layers=3,
            query_pre_attn_scalar=20,
            sliding_window=8,
            layer_types=["sliding_attention", "sliding_attention", "full_attention"],
            rope_parameters=dict(
                full_attention=dict(rope_type="linear", factor=4.0, rope_theta=100000.0),
                sliding_attention=dict(rope_type="default", rope_theta=1000.0),
            ),
        ),
        {},
    ),
    "gemma3-pattern": (
        "gemma3_text",
        dict(head_dim=24, num_hidden_layers=3, sliding_window=6, sliding_window_pattern=2, final_logit_softcapping=9.0),
        dict(old_gemma3=True),
    ),
    "phi3": ("phi3", dict(sliding_window=10), {}),
    "phi3-longrope": (
        "phi3",
        dict(
            original_max_position_embeddings=16,
            rope_parameters=rope(
                "longrope",
                partial_rotary_factor=0.75,
                original_max_position_embeddings=16,
                short_factor=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
                long_factor=[1.0, 1.5, 2.0, 3.0, 4.5, 6.0],
            ),
        ),
        {},
    ),
    # Never longer than the original length: the short factors.
    "phi3-longrope-short": (
        "phi3",
        dict(
            original_max_position_embeddings=80,
            max_position_embeddings=320,
            tie_word_embeddings=True,
            rope_parameters=rope(
                "longrope",
                original_max_position_embeddings=80,
                short_factor=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7],
                long_factor=[1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 7.0, 8.0],
            ),
        ),
        dict(context=80, old_rope=True),
    ),
    "mixtral": (
        "mixtral",
        dict(intermediate_size=32, num_local_experts=4, num_experts_per_tok=2, sliding_window=None),
        {},
    ),
    "qwen3-moe": (
        "qwen3_moe",
        dict(
            num_hidden_layers=3,
            moe_intermediate_size=24,
            num_experts=6,
            num_experts_per_tok=3,
            norm_topk_prob=True,
            decoder_sparse_step=1,
            mlp_only_layers=[1],
        ),
        {},
    ),
    "qwen3-moe-step": (
        "qwen3_moe",
        dict(
            head_dim=24,
            moe_intermediate_size=24,
            num_experts=5,
            num_experts_per_tok=2,
            norm_topk_prob=False,
            decoder_sparse_step=2,
            use_sliding_window=True,
            sliding_window=9,
            attention_bias=True,
        ),
        dict(old_experts=True),
    ),
}


def representable(tensor):
    """Rounds to bf16, and drops what fp16 could not hold."""
    tensor = tensor.to(torch.bfloat16).float()
    return torch.where(tensor.abs() < 2.0**-10, torch.zeros_like(tensor), tensor)


def fill(model, seed, gemma):
    generator = torch.Generator().manual_seed(seed)
    tied = model.config.tie_word_embeddings
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = torch.randn(parameter.shape, generator=generator)
            if name.endswith("embed_tokens.weight"):
                # Tied tables would make every token its own best successor, were they as wide as the layers.
                values *= (0.3 if tied else 1.0) * (0.15 if gemma else 1.0)
            elif "norm" in name:
                values = 0.25 * values + (0.0 if gemma else 1.0)
            elif name.endswith("bias"):
                values *= 0.3
            else:
                fan_in = parameter.shape[-1]
                gain = 3.0 if "gate.weight" in name or "lm_head" in name else 1.6
                values *= gain / fan_in**0.5
            parameter.copy_(representable(values))


def logits_of(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0].float()


def greedy(model, prompt):
    """The greedy ids, each step's five likeliest, and the smallest lead of a first over a second."""
    ids, top, lead = list(prompt), [], float("inf")
    for _ in range(STEPS):
        row = logits_of(model, ids)[-1]
        best = torch.topk(row, 5)
        top.append(best.indices.tolist())
        lead = min(lead, ((best.values[0] - best.values[1]) / row.abs().max()).item())
        ids.append(top[-1][0])
    return ids[len(prompt) :], top, lead


def agree(ids, top, other_ids, other_top):
    """Whether at the first difference each token is in the other's top five."""
    for i in range(STEPS):
        if ids[i] != other_ids[i]:
            return ids[i] in other_top[i] and other_ids[i] in top[i]
    return True


def build(model_type, settings, options, seed):
    config = CONFIG_MAPPING[model_type](**{**SMALL, **settings})
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
    fill(model, seed, model_type.startswith("gemma"))
    return model


def grow(model, options):
    if options.get("context") and model.config.rope_parameters.get("rope_type") == "dynamic":
        last = torch.tensor([[options["context"] - 1]])
        model.model.rotary_emb(torch.zeros(1, 1, 1), last)


def old_rope(config):
    """The spelling of transformers 4: rope_theta and rope_scaling with `type`."""
    parameters = dict(config.pop("rope_parameters"))
    config["rope_theta"] = parameters.pop("rope_theta")
    parameters.pop("partial_rotary_factor", None)
    original = parameters.pop("original_max_position_embeddings", None)
    if original is not None:
        config["original_max_position_embeddings"] = original
    config["rope_scaling"] = {"type" if k == "rope_type" else k: v for k, v in parameters.items()}


def old_gemma3(config, settings):
    parameters = config.pop("rope_parameters")
    config.pop("layer_types")
    config.pop("_sliding_window_pattern")
    config["rope_theta"] = parameters["full_attention"]["rope_theta"]
    config["rope_local_base_freq"] = parameters["sliding_attention"]["rope_theta"]
    config["rope_scaling"] = None
    config["sliding_window_pattern"] = settings["sliding_window_pattern"]


def make(name):
    model_type, settings, options = VARIANTS[name]
    prompt = torch.randint(3, VOCABULARY, (PROMPT,), generator=torch.Generator().manual_seed(len(name))).tolist()
    for seed in range(200):
        model = build(model_type, settings, options, seed)
        grow(model, options)
        ids, top, lead = greedy(model, prompt)
        if lead <= 2e-3 or len(set(ids)) < 12:
            continue
        half = build(model_type, settings, options, seed).to(torch.bfloat16)
        # Inverse frequencies stay fp32, as from_pretrained has them.
        half.model.rotary_emb = model.model.rotary_emb.float()
        half_ids, half_top, _ = greedy(half, prompt)
        if agree(ids, top, half_ids, half_top):
            break
    else:
        raise SystemExit(f"{name}: no seed keeps clear of ties")

    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "logits.f32").write_bytes(logits_of(model, prompt).numpy().astype("<f4").tobytes())

    golden = dict(
        transformers=transformers.__version__,
        seed=seed,
        prompt=prompt,
        greedy=ids,
        bf16Greedy=half_ids,
        bf16Top5=half_top,
    )
    if "context" in options:
        golden["contextLength"] = options["context"]
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")

    stored = build(model_type, settings, options, seed).to(options.get("store", torch.bfloat16))
    stored.save_pretrained(folder, max_shard_size=options.get("shard", "5GB"))
    (folder / "generation_config.json").unlink(missing_ok=True)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    if options.get("old_rope"):
        old_rope(config)
    if options.get("old_gemma3"):
        old_gemma3(config, settings)
    if options.get("old_experts"):
        config["num_experts"] = config.pop("num_local_experts")
    path.write_text(json.dumps(config, indent=2) + "\n")
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{name:22} seed {seed:3} lead {lead:.4f} distinct {len(set(ids)):2} {size // 1024:4} KiB", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for chosen in sys.argv[1:] or VARIANTS:
        make(chosen)

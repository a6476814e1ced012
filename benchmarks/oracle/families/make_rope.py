"""Rotary frequencies of published models' configurations, as Hugging Face transformers computes them.

Run from the repository root with torch and transformers 5 installed:

    python benchmarks/oracle/families/make_rope.py

Writes engine/src/test/resources/families/rope.json: for each case the configuration's keys that matter, the context
length the model is loaded for, and what comes out of it. The numbers are those of the models' public config.json,
but for LongRoPE's long lists, which are made up.
"""

import json
from pathlib import Path

import torch
from transformers import CONFIG_MAPPING
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

OUT = Path("engine/src/test/resources/families/rope.json")


def sizes(hidden, heads, positions, **more):
    return dict(hidden_size=hidden, num_attention_heads=heads, max_position_embeddings=positions, **more)


CASES = {
    "Llama 2 7B": ("llama", sizes(4096, 32, 4096), 4096),
    "Llama 3.1 8B": (
        "llama",
        sizes(
            4096,
            32,
            131072,
            rope_theta=500000.0,
            rope_scaling=dict(
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=8192,
                rope_type="llama3",
            ),
        ),
        131072,
    ),
    "Llama 3.2 1B": (
        "llama",
        sizes(
            2048,
            32,
            131072,
            head_dim=64,
            rope_theta=500000.0,
            rope_scaling=dict(
                factor=32.0,
                high_freq_factor=4.0,
                low_freq_factor=1.0,
                original_max_position_embeddings=8192,
                rope_type="llama3",
            ),
        ),
        131072,
    ),
    "DeepSeek Coder 6.7B": (
        "llama",
        sizes(4096, 32, 16384, rope_theta=100000, rope_scaling=dict(factor=4.0, type="linear")),
        16384,
    ),
    "dynamic, within": ("llama", sizes(4096, 32, 4096, rope_scaling=dict(factor=2.0, type="dynamic")), 4096),
    "dynamic, beyond": ("llama", sizes(4096, 32, 4096, rope_scaling=dict(factor=2.0, type="dynamic")), 8192),
    "Qwen 2.5 7B with YaRN": (
        "qwen2",
        sizes(
            3584,
            28,
            32768,
            rope_theta=1000000.0,
            rope_scaling=dict(factor=4.0, original_max_position_embeddings=32768, type="yarn"),
        ),
        131072,
    ),
    "YaRN with mscale": (
        "llama",
        sizes(
            2048,
            32,
            163840,
            rope_scaling=dict(
                beta_fast=32,
                beta_slow=1,
                factor=40,
                mscale=1.0,
                mscale_all_dim=0.707,
                original_max_position_embeddings=4096,
                type="yarn",
            ),
        ),
        163840,
    ),
    "YaRN not truncated": (
        "llama",
        sizes(
            2880,
            45,
            131072,
            head_dim=64,
            rope_theta=150000.0,
            rope_scaling=dict(
                beta_fast=32.0,
                beta_slow=1.0,
                factor=32.0,
                original_max_position_embeddings=4096,
                rope_type="yarn",
                truncate=False,
            ),
        ),
        131072,
    ),
    "Phi 3 mini 128k, long": (
        "phi3",
        sizes(
            3072,
            32,
            131072,
            original_max_position_embeddings=4096,
            rope_scaling=dict(
                type="longrope",
                short_factor=[round(1.05 + 0.02 * i, 2) for i in range(48)],
                long_factor=[round(1.08 + 1.3 * i, 2) for i in range(48)],
            ),
        ),
        131072,
    ),
    "Phi 4 mini, short": (
        "phi3",
        sizes(
            3072,
            24,
            131072,
            partial_rotary_factor=0.75,
            original_max_position_embeddings=4096,
            rope_scaling=dict(
                type="longrope", short_factor=[1.0] * 48, long_factor=[round(1.0 + 0.9 * i, 2) for i in range(48)]
            ),
        ),
        4096,
    ),
}


def compute(model_type, settings, length):
    config = CONFIG_MAPPING[model_type](**json.loads(json.dumps(settings)))
    kind = config.rope_parameters["rope_type"]
    if kind == "default":
        dim = config.head_dim
        return 1.0 / (config.rope_parameters["rope_theta"] ** (torch.arange(0, dim, 2, dtype=torch.float) / dim)), 1.0
    return ROPE_INIT_FUNCTIONS[kind](config, None, seq_len=length)


if __name__ == "__main__":
    cases = []
    for name, (model_type, settings, length) in CASES.items():
        frequencies, factor = compute(model_type, settings, length)
        cases.append(
            dict(
                name=name,
                config=settings,
                contextLength=length,
                frequencies=[float(f) for f in frequencies],
                attentionFactor=factor,
            )
        )
    OUT.write_text(json.dumps(cases, indent=1) + "\n")

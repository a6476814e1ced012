"""GGUF files and what the reference libraries make of them, for the tests of the GGUF reader.

Run from the repository root with gguf, torch, tokenizers and transformers 5 installed:

    python benchmarks/oracle/gguf/make_gguf.py

It writes
  model-store/src/test/resources/gguf/types.gguf     one tensor of each type that Quern reads, random blocks
  model-store/src/test/resources/gguf/types.f32      gguf-py's fp32 of them, in the file's order
  model-store/src/test/resources/gguf/f8.f32         torch's fp32 of all 256 codes of F8_E4M3, then of F8_E5M2
  engine/src/test/resources/gguf/NAME.gguf           tiny random models as llama.cpp's converter would write them
  engine/src/test/resources/gguf/NAME.json           a prompt and its greedy ids, by transformers on the source model
  engine/src/test/resources/gguf/tokenizers/NAME.gguf   vocabularies without tensors
  engine/src/test/resources/gguf/tokenizers/NAME.json   encodings by the tokenizer they were made from

The conversion here was written from the format's description. Where transformers can load a GGUF architecture
itself, the script also asks it to, and stops unless it finds the same greedy ids: that checks the conversion.
"""

import json
import math
import shutil
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Q
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer

sys.path.insert(0, str(Path(__file__).parent.parent / "families"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tokenizers"))
import make_families as families  # noqa: E402
from make_tokenizers import TEXTS  # noqa: E402

STORE = Path("model-store/src/test/resources/gguf")
ENGINE = Path("engine/src/test/resources/gguf")
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
# Where in a block the fp16 scales are; everything else in a block may be any bits.
HALVES = {
    Q.Q4_0: [0], Q.Q4_1: [0, 2], Q.Q5_0: [0], Q.Q5_1: [0, 2], Q.Q8_0: [0], Q.Q2_K: [80, 82], Q.Q3_K: [108],
    Q.Q4_K: [0, 2], Q.Q5_K: [0, 2], Q.Q6_K: [208],
}


# ---- element types


def random_blocks(generator, kind, count, scale=None):
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = generator.integers(0, 256, (count, size), dtype=np.uint8)
    for at in HALVES[kind]:
        if scale is None:
            # Any finite half, denormals and both zeros too.
            halves = generator.integers(0, 0x7C00, count).astype(np.uint16)
            halves[0], halves[-1] = 0, 1
        else:
            halves = (scale * generator.uniform(0.5, 1, count)).astype(np.float16).view(np.uint16)
        halves |= generator.integers(0, 2, count).astype(np.uint16) << 15
        blocks[:, at : at + 2] = halves.view(np.uint8).reshape(count, 2)
    return blocks


def make_types():
    generator = np.random.default_rng(7)
    STORE.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(STORE / "types.gguf"), "llama")
    expected = []

    def add(name, stored, kind, values):
        writer.add_tensor(name, stored, raw_dtype=kind)
        expected.append(np.ascontiguousarray(values, dtype="<f4").ravel())

    f32 = generator.standard_normal((3, 5)).astype(np.float32)
    add("f32", f32, Q.F32, f32)
    f16 = generator.integers(0, 0x7C00, (3, 5)).astype(np.uint16).view(np.float16)
    add("f16", f16, Q.F16, f16.astype(np.float32))
    bf16 = generator.integers(0, 0x7F80, (3, 4)).astype(np.uint16)
    add("bf16", bf16.view(np.uint8), Q.BF16, gguf.dequantize(bf16.view(np.uint8), Q.BF16))
    for kind in HALVES:
        elements = gguf.GGML_QUANT_SIZES[kind][0]
        rows, blocks_a_row = (6, 4) if elements == 32 else (3, 2)
        blocks = random_blocks(generator, kind, rows * blocks_a_row).reshape(rows, -1)
        add(kind.name.lower(), blocks, kind, gguf.dequantize(blocks, kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (STORE / "types.f32").write_bytes(np.concatenate(expected).tobytes())
    codes = torch.arange(256, dtype=torch.uint8)
    f8 = [codes.view(t).float().numpy() for t in (torch.float8_e4m3fn, torch.float8_e5m2)]
    (STORE / "f8.f32").write_bytes(np.concatenate(f8).astype("<f4").tobytes())


# ---- models

# name -> (llama.cpp's name, model type of transformers, configuration, how matrices are stored)
MODELS = {
    "llama": ("llama", "llama", dict(rope_parameters=families.rope("default")), Q.F16),
    "llama-f32": ("llama", "llama", dict(tie_word_embeddings=True, num_key_value_heads=4, head_dim=24), Q.F32),
    "llama3": (
        "llama",
        "llama",
        dict(
            rope_parameters=families.rope(
                "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32
            )
        ),
        Q.BF16,
    ),
    "llama-linear": ("llama", "llama", dict(rope_parameters=families.rope("linear", factor=2.5)), Q.BF16),
    "mixtral": (
        "llama",
        "mixtral",
        dict(intermediate_size=32, num_local_experts=4, num_experts_per_tok=2, sliding_window=None),
        Q.BF16,
    ),
    "qwen2": (
        "qwen2",
        "qwen2",
        dict(
            rope_parameters=families.rope("yarn", factor=4.0, original_max_position_embeddings=32),
            tie_word_embeddings=True,
        ),
        Q.F16,
    ),
    "qwen3": ("qwen3", "qwen3", dict(head_dim=24), Q.BF16),
    "qwen3moe": (
        "qwen3moe",
        "qwen3_moe",
        dict(moe_intermediate_size=24, num_experts=6, num_experts_per_tok=3, norm_topk_prob=True, head_dim=16),
        Q.BF16,
    ),
    "gemma2": (
        "gemma2",
        "gemma2",
        dict(head_dim=16, query_pre_attn_scalar=16, sliding_window=8, attn_logit_softcapping=5.0,
             final_logit_softcapping=12.0),
        Q.BF16,
    ),
    "gemma3": (
        "gemma3",
        "gemma3_text",
        dict(
            head_dim=16,
            num_hidden_layers=7,
            hidden_size=32,
            intermediate_size=48,
            query_pre_attn_scalar=16,
            sliding_window=8,
            rope_parameters=dict(
                full_attention=dict(rope_type="linear", factor=4.0, rope_theta=100000.0),
                sliding_attention=dict(rope_type="default", rope_theta=10000.0),
            ),
        ),
        Q.BF16,
    ),
    "phi3": (
        "phi3",
        "phi3",
        dict(
            sliding_window=10,
            original_max_position_embeddings=16,
            rope_parameters=families.rope(
                "longrope",
                partial_rotary_factor=0.75,
                original_max_position_embeddings=16,
                short_factor=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
                long_factor=[1.0, 1.5, 2.0, 3.0, 4.5, 6.0],
            ),
        ),
        Q.BF16,
    ),
}
# transformers 5 does not load the tensors of these from GGUF.
UNCHECKED = {"mixtral"}

NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "self_attn.qkv_proj": "attn_qkv", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up", "mlp.gate": "ffn_gate_inp",
    "block_sparse_moe.gate": "ffn_gate_inp", "post_attention_layernorm": "ffn_norm",
}
GEMMA_NAMES = {
    "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}


def gguf_name(name, gemma):
    stem, suffix = name.rsplit(".", 1)
    prefix = ""
    if stem.startswith("model.layers."):
        _, _, layer, stem = stem.split(".", 3)
        prefix = f"blk.{layer}."
    return f"{prefix}{(GEMMA_NAMES if gemma else {}).get(stem) or NAMES[stem]}.{suffix}"


def interleave(weights, heads):
    """Rows (half, pair) of each head to rows (pair, half): what rotates together lies together."""
    rows = weights.shape[0]
    return weights.reshape(heads, 2, rows // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def tensors_of(model, arch, gemma):
    """The source's tensors as llama.cpp's converter names, orders and changes them."""
    config = model.config
    for name, value in model.state_dict().items():
        array = value.float().numpy()
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if ".experts." in name:
            layer = name.split(".")[2]
            # transformers 5 keeps gate and up of all experts in one parameter.
            if name.endswith("gate_up_proj"):
                gate, up = np.split(array, 2, axis=1)
                yield f"blk.{layer}.ffn_gate_exps.weight", gate
                yield f"blk.{layer}.ffn_up_exps.weight", up
            else:
                yield f"blk.{layer}.ffn_down_exps.weight", array
            continue
        to = gguf_name(name, gemma)
        if arch == "llama" and ".attn_q." in to:
            array = interleave(array, config.num_attention_heads)
        if arch == "llama" and ".attn_k." in to:
            array = interleave(array, config.num_key_value_heads)
        if gemma and to.endswith("norm.weight"):
            array = array + 1
        yield to, array


def rope_of(config):
    parameters = config.rope_parameters
    return parameters.get("full_attention", parameters)


def add_metadata(writer, config, arch):
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if head_dim * config.num_attention_heads != config.hidden_size or arch.startswith(("gemma", "qwen3")):
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    rope = rope_of(config)
    writer.add_rope_freq_base(rope["rope_theta"])
    partial = rope.get("partial_rotary_factor", 1.0)
    writer.add_rope_dimension_count(int(partial * head_dim))
    if rope["rope_type"] in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope["rope_type"] == "longrope":
        original = rope["original_max_position_embeddings"]
        factor = config.max_position_embeddings / original
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(factor) / math.log(original)))
        writer.add_tensor("rope_factors_long.weight", np.array(rope["long_factor"], dtype=np.float32))
        writer.add_tensor("rope_factors_short.weight", np.array(rope["short_factor"], dtype=np.float32))
    if rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(rope, head_dim))
    if getattr(config, "sliding_window", None) and arch in ("gemma2", "gemma3", "phi3"):
        writer.add_sliding_window(config.sliding_window)
    if arch == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    experts = getattr(config, "num_local_experts", None) or getattr(config, "num_experts", None)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(config.num_experts_per_tok)
    if arch == "qwen3moe":
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)


def llama3_factors(rope, head_dim):
    frequencies = 1.0 / (rope["rope_theta"] ** (np.arange(0, head_dim, 2, dtype=np.float32) / head_dim))
    low, high, original = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
    factors = []
    for frequency in frequencies:
        wavelength = 2 * math.pi / frequency
        if wavelength < original / high:
            factors.append(1.0)
        elif wavelength > original / low:
            factors.append(rope["factor"])
        else:
            smooth = (original / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def add_matrix(writer, name, array, kind):
    if array.ndim < 2 or kind == Q.F32:
        writer.add_tensor(name, array.astype(np.float32))
    elif kind == Q.F16:
        assert np.array_equal(array.astype(np.float16).astype(np.float32), array), name
        writer.add_tensor(name, array.astype(np.float16))
    else:
        writer.add_tensor(name, gguf.quantize(array, kind), raw_dtype=kind)


def add_vocabulary(writer, size):
    """One token for each id, so that the file is a whole model: <unk>, <s>, </s>, then bytes and letters."""
    letters = [chr(0x2581)] + [chr(c) for c in range(0x61, 0x7B)]
    words = [a + b for a in letters for b in letters]
    tokens = ["<unk>", "<s>", "</s>"] + letters + words
    tokens = tokens[:size]
    types = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    types += [gguf.TokenType.NORMAL] * (len(tokens) - 3)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([float(-i) for i in range(len(tokens))])
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(CHAT_TEMPLATE)


def write_model(path, model, arch, kind):
    gemma = arch.startswith("gemma")
    writer = gguf.GGUFWriter(str(path), arch)
    add_metadata(writer, model.config, arch)
    add_vocabulary(writer, families.VOCABULARY)
    for name, array in tensors_of(model, arch, gemma):
        add_matrix(writer, name, array, kind)
    finish(writer)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def chosen(model_type, settings, name, options):
    """A seed whose greedy ids are clear of ties, as in make_families."""
    prompt = torch.randint(3, families.VOCABULARY, (families.PROMPT,),
                           generator=torch.Generator().manual_seed(len(name))).tolist()
    for seed in range(200):
        model = families.build(model_type, settings, options, seed)
        ids, _, lead = families.greedy(model, prompt)
        if lead > 2e-3 and len(set(ids)) >= 12:
            return model, prompt, ids
    raise SystemExit(f"{name}: no seed keeps clear of ties")


def make_model(name):
    arch, model_type, settings, kind = MODELS[name]
    model, prompt, ids = chosen(model_type, settings, name, {})
    path = ENGINE / f"{name}.gguf"
    write_model(path, model, arch, kind)
    golden = dict(transformers=transformers.__version__, prompt=prompt, greedy=ids)
    path.with_suffix(".json").write_text(json.dumps(golden) + "\n")
    if name not in UNCHECKED:
        check(path, prompt, ids, model.config)
    print(f"{name:14} {path.stat().st_size // 1024:5} KiB", flush=True)


def check(path, prompt, ids, config):
    """Whether transformers, which undoes the conversion of tensors with code of its own, computes the same."""
    loaded = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, config=config, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    found, _, _ = families.greedy(loaded, prompt)
    if found != ids:
        raise SystemExit(f"{path}: transformers computes {found} from the GGUF, and {ids} from its source")


def make_quantised():
    """Weights that are whatever random blocks say; transformers runs what gguf-py makes of them."""
    settings = dict(
        vocab_size=families.VOCABULARY, hidden_size=256, intermediate_size=256, num_hidden_layers=1,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
    )
    kinds = {
        "attn_q": Q.Q4_K, "attn_k": Q.Q4_0, "attn_v": Q.Q6_K, "attn_output": Q.Q5_K, "ffn_gate": Q.Q4_K,
        "ffn_up": Q.Q8_0, "ffn_down": Q.Q6_K, "token_embd": Q.Q8_0, "output": Q.Q4_K,
    }
    # Roughly the largest number that a block's integers times its scale can be, by type.
    ranges = {Q.Q4_K: 63 * 15, Q.Q5_K: 63 * 31, Q.Q6_K: 128 * 32, Q.Q4_0: 8, Q.Q8_0: 127}
    for seed in range(50):
        generator = np.random.default_rng(seed)
        config = transformers.LlamaConfig(**settings)
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
        path = ENGINE / "llama-quantised.gguf"
        writer = gguf.GGUFWriter(str(path), "llama")
        add_metadata(writer, config, "llama")
        add_vocabulary(writer, families.VOCABULARY)
        state = {}
        for name, value in model.state_dict().items():
            to = gguf_name(name, False)
            if value.ndim == 1:
                state[name] = value
                writer.add_tensor(to, value.numpy())
                continue
            kind = kinds[to.split(".")[-2]]
            count = value.numel() // gguf.GGML_QUANT_SIZES[kind][0]
            scale = (3.0 if "output.weight" == to else 1.6) / 16 * 1.7 / ranges[kind]
            blocks = random_blocks(generator, kind, count, scale * 2).reshape(value.shape[0], -1)
            writer.add_tensor(to, blocks, raw_dtype=kind)
            array = gguf.dequantize(blocks, kind)
            if ".attn_q." in to or ".attn_k." in to:
                heads = config.num_attention_heads if ".attn_q." in to else config.num_key_value_heads
                array = array.reshape(heads, -1, 2, array.shape[1]).swapaxes(1, 2).reshape(array.shape)
            state[name] = torch.from_numpy(array.copy())
        finish(writer)
        model.load_state_dict(state)
        prompt = torch.randint(3, families.VOCABULARY, (20,), generator=torch.Generator().manual_seed(1)).tolist()
        ids, _, lead = families.greedy(model, prompt)
        if lead > 2e-3 and len(set(ids)) >= 12:
            break
    else:
        raise SystemExit("no seed gives clear greedy ids")
    golden = dict(transformers=transformers.__version__, prompt=prompt, greedy=ids)
    path.with_suffix(".json").write_text(json.dumps(golden) + "\n")
    check(path, prompt, ids, config)
    print(f"{path.stem:14} {path.stat().st_size // 1024:5} KiB seed {seed}", flush=True)


# ---- tokenizers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def split(expression):
    return [
        pre_tokenizers.Split(Regex(expression), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]


# llama.cpp's name -> (pre-tokenizers, normalizer, whole words, whether texts begin with <|begin|>)
BYTE_LEVEL = {
    "llama-bpe": (split(LLAMA3), None, True, True),
    "qwen2": (split(LLAMA3.replace("{1,3}", "")), normalizers.NFC(), False, False),
    "tekken": (split(TEKKEN), None, True, True),
    "gpt-4o": (split(GPT4O), None, False, False),
    "gpt-2": ([pre_tokenizers.ByteLevel(add_prefix_space=False)], None, False, False),
    "smollm": (
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)],
        None, False, False,
    ),
}


def byte_level(name):
    steps, normalizer, whole, begins = BYTE_LEVEL[name]
    t = Tokenizer(models.BPE(ignore_merges=whole))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizers.Sequence(steps)
    t.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|begin|>", "<|endoftext|>"],
    )
    t.train_from_iterator(TEXTS, trainer)
    t.add_tokens([AddedToken("<|tool|>", special=False, normalized=False)])
    if begins:
        t.post_processor = processors.TemplateProcessing(single="<|begin|> $A", special_tokens=[("<|begin|>", 0)])
    return t


def goldens(tokenizer):
    rows = []
    for text in TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        rows.append(dict(
            text=text, ids=ids, ids_with_special=tokenizer.encode(text).ids,
            decoded=tokenizer.decode(ids, skip_special_tokens=False),
        ))
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def write_tokenizer(name, tokenizer, model, pre, scores):
    folder = ENGINE / "tokenizers"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    added = {t.content: t.special for t in tokenizer.get_added_tokens_decoder().values()}
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    types = []
    for token, _ in vocabulary:
        kind = gguf.TokenType.NORMAL
        if token in added:
            kind = gguf.TokenType.CONTROL if added[token] else gguf.TokenType.USER_DEFINED
        if model == "llama" and token == "<unk>":
            kind = gguf.TokenType.UNKNOWN
        if model == "llama" and token.startswith("<0x"):
            kind = gguf.TokenType.BYTE
        types.append(kind)
    writer.add_tokenizer_model(model)
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types(types)
    if pre:
        writer.add_tokenizer_pre(pre)
        merges = json.loads(tokenizer.to_str())["model"]["merges"]
        writer.add_token_merges([" ".join(merge) for merge in merges])
        writer.add_bos_token_id(0)
        writer.add_eos_token_id(1)
    else:
        writer.add_token_scores(scores)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
    writer.add_chat_template(CHAT_TEMPLATE)
    finish(writer)
    path.with_suffix(".json").write_text(goldens(tokenizer))
    return path


def make_byte_level():
    for name in BYTE_LEVEL:
        write_tokenizer(name, byte_level(name), "gpt2", name, None)
        print("tokenizer", name, flush=True)


def make_sentencepiece():
    """Llama 2's kind: SentencePiece's BPE, whose scores are the numbers of its merges, counted down."""
    source = Path("engine/src/test/resources/tokenizers/byte-fallback-bpe/tokenizer.json")
    tokenizer = Tokenizer.from_file(str(source))
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    rank = {"".join(merge): i for i, merge in reversed(list(enumerate(merges)))}
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    scores = [float(-rank[token]) if token in rank else -1e6 - i for token, i in vocabulary]
    path = write_tokenizer("sentencepiece", tokenizer, "llama", None, scores)
    # And transformers' own conversion of the file, in a folder where nothing else catches its eye.
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, folder)
        converted = AutoTokenizer.from_pretrained(folder, gguf_file=path.name)
    differing = [
        text for text in TEXTS
        if converted(text, add_special_tokens=False)["input_ids"] != tokenizer.encode(text, add_special_tokens=False).ids
    ]
    print("tokenizer sentencepiece; transformers' conversion differs on", len(differing), "texts:", differing[:3])


def main():
    torch.set_num_threads(1)
    ENGINE.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]
    if not wanted or "types" in wanted:
        make_types()
    for name in MODELS:
        if not wanted or name in wanted:
            make_model(name)
    if not wanted or "quantised" in wanted:
        make_quantised()
    if not wanted or "tokenizers" in wanted:
        make_byte_level()
        make_sentencepiece()


if __name__ == "__main__":
    main()

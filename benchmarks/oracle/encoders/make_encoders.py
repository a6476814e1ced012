"""Tiny random checkpoints of every encoder family, with golden outputs of sentence-transformers and transformers.

Run from the repository root with torch, transformers 5 and sentence-transformers 6 installed:

    python benchmarks/oracle/encoders/make_encoders.py [NAME ...]

For each variant it writes engine/src/test/resources/encoders/NAME/ with the checkpoint as the libraries save it
(weights representable in bf16) and golden.json:
  task     embedding, classification or reranking
  inputs   text, and pair where the model reads two; the ids and token types that the library's tokenizer makes of
           them after truncation; promptTokens where a prompt's tokens are left out of pooling
  outputs  in fp32, one row an input: SentenceTransformer.encode, CrossEncoder.predict without activation, or the
           logits of the transformers model

Weights are drawn wide, so that attention, positions and every bias matter to the result.
"""

import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    CONFIG_MAPPING,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    PreTrainedTokenizerFast,
)

warnings.filterwarnings("ignore")
OUT = Path("engine/src/test/resources/encoders")
VOCABULARY = 200

CORPUS = [
    "A quern grinds grain between two stones and the miller turns the upper one by hand.",
    "The river that drives the mill runs high in spring and low in summer.",
    "Query: which stone turns? Document: the upper stone, the runner, turns on the lower one.",
    "Ein Mühlstein dreht sich, der andere liegt still. Le moulin à eau moud le blé.",
    "yes no yes no zero one two three four five six seven eight nine ten",
]
SENTENCES = [
    "A quern grinds grain.",
    "",
    "which stone turns?",
    "The upper stone turns on the lower one, and the miller pours the grain in by hand.",
    "Le moulin à eau moud le blé.",
    "the grain grinds quern a",
    " ".join(["the mill runs high in spring and low in summer, two stones turn"] * 40),
]
PAIRS = [
    ("which stone turns?", "the upper stone, the runner"),
    ("which stone turns?", ""),
    ("a mill", "Le moulin à eau moud le blé."),
    ("in summer", " ".join(["the river that drives the mill runs high in spring"] * 40)),
]


# Tokenizers ---------------------------------------------------------------------------------------------------------


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = dict(unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")
    return tokenizer, names


def roberta():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    alphabet = sorted(set(pre_tokenizers.ByteLevel.alphabet()))[:120]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = dict(unk_token="<unk>", pad_token="<pad>", cls_token="<s>", sep_token="</s>")
    return tokenizer, names


def chatml():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = sorted(set(pre_tokenizers.ByteLevel.alphabet()))[:120]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(CORPUS + ["yes", "no"] * 20, trainer)
    assert tokenizer.token_to_id("yes") and tokenizer.token_to_id("no")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <|endoftext|>", pair="$A $B <|endoftext|>", special_tokens=[("<|endoftext|>", 0)]
    )
    return tokenizer, dict(pad_token="<|endoftext|>", eos_token="<|im_end|>")


def gemma():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>",
        pair="<bos> $A <eos> <bos>:1 $B:1 <eos>:1",
        special_tokens=[("<bos>", 2), ("<eos>", 1)],
    )
    return tokenizer, dict(unk_token="<unk>", pad_token="<pad>", bos_token="<bos>", eos_token="<eos>")


# Variants -----------------------------------------------------------------------------------------------------------

BERT = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, max_position_embeddings=96)
ROBERTA = dict(BERT, max_position_embeddings=98, pad_token_id=1, bos_token_id=0, eos_token_id=2, type_vocab_size=1)
DISTIL = dict(dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=96)
MPNET = dict(BERT, max_position_embeddings=222, pad_token_id=1)
NOMIC = dict(BERT, max_position_embeddings=128, layer_norm_eps=1e-6)
MODERN = dict(
    BERT,
    num_hidden_layers=4,
    max_position_embeddings=400,
    pad_token_id=0,
    cls_token_id=2,
    sep_token_id=3,
    bos_token_id=2,
    eos_token_id=3,
)
QWEN3 = dict(
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=12,
    max_position_embeddings=320,
    pad_token_id=0,
    bos_token_id=None,
    eos_token_id=2,
    rope_parameters=dict(rope_type="default", rope_theta=10000.0),
)
GEMMA3 = dict(
    QWEN3,
    num_hidden_layers=3,
    num_key_value_heads=1,
    eos_token_id=1,
    bos_token_id=2,
    query_pre_attn_scalar=16,
    sliding_window=8,
    layer_types=["sliding_attention", "full_attention", "sliding_attention"],
    rope_parameters=dict(
        full_attention=dict(rope_type="default", rope_theta=100000.0),
        sliding_attention=dict(rope_type="default", rope_theta=1000.0),
    ),
)
PROMPTS = {"query": "Query: ", "document": "Document: "}
LABELS = {0: "grain", 1: "stone", 2: "water"}


def single(names=LABELS, **more):
    return dict(
        id2label=names, label2id={name: i for i, name in names.items()}, num_labels=len(names), **more
    )


ONE = single({0: "LABEL_0"})
MULTI = single(problem_type="multi_label_classification")

# name -> (model type, configuration, tokenizer, what it is made into, options)
VARIANTS = {
    "bert-mean": ("bert", BERT, wordpiece, "embedding", dict(normalise=True, max_seq_length=64, prompts=PROMPTS)),
    "bert-cls": ("bert", BERT, wordpiece, "embedding", dict(pooling="cls", normalise=True, store=torch.float32)),
    "bert-joined": (
        "bert",
        dict(BERT, hidden_act="gelu_new"),
        wordpiece,
        "embedding",
        dict(pooling=("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"), old_pooling=True),
    ),
    "bert-unpooled-prompt": (
        "bert",
        BERT,
        wordpiece,
        "embedding",
        dict(
            pooling=("cls", "max", "mean", "weightedmean"),
            include_prompt=False,
            prompts=PROMPTS,
            default_prompt_name="query",
            similarity="dot",
        ),
    ),
    "bert-dense": (
        "bert",
        dict(BERT, hidden_act="relu"),
        wordpiece,
        "embedding",
        dict(dense=[(24, torch.nn.Tanh(), True)], similarity="euclidean"),
    ),
    # As the first checkpoints on the hub: a head that is not used, norms in TensorFlow's names, and no layout.
    "bert-plain": ("bert", BERT, wordpiece, "masked", dict(old_norms=True)),
    "bert-cross": ("bert", dict(BERT, **ONE), wordpiece, "reranking", dict(activation="Identity")),
    "bert-classes": ("bert", dict(BERT, **single()), wordpiece, "classification", {}),
    "roberta": ("roberta", ROBERTA, roberta, "embedding", dict(normalise=True)),
    "roberta-labels": ("roberta", dict(ROBERTA, **MULTI), roberta, "classification", {}),
    "xlm-roberta": ("xlm-roberta", ROBERTA, roberta, "embedding", dict(pooling="cls")),
    "xlm-roberta-cross": ("xlm-roberta", dict(ROBERTA, **ONE), roberta, "reranking", {}),
    "distilbert": ("distilbert", DISTIL, wordpiece, "embedding", dict(normalise=True, lower_case=True)),
    "distilbert-classes": ("distilbert", dict(DISTIL, **single()), wordpiece, "classification", {}),
    "mpnet": ("mpnet", MPNET, roberta, "embedding", dict(normalise=True)),
    "mpnet-cross": ("mpnet", dict(MPNET, **ONE), roberta, "reranking", dict(layout=True)),
    "nomic-bert": ("nomic_bert", NOMIC, wordpiece, "embedding", dict(normalise=True, prompts=PROMPTS)),
    "nomic-bert-own": ("nomic_bert", NOMIC, wordpiece, "embedding", dict(nomic_config=True)),
    "nomic-bert-classes": ("nomic_bert", dict(NOMIC, **single()), wordpiece, "classification", {}),
    "modernbert": ("modernbert", dict(MODERN, local_attention=12), wordpiece, "embedding", dict(pooling="cls")),
    "modernbert-bias": (
        "modernbert",
        dict(
            MODERN,
            local_attention=100,
            norm_bias=True,
            attention_bias=True,
            mlp_bias=True,
            layer_types=["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
        ),
        wordpiece,
        "embedding",
        {},
    ),
    "modernbert-cross": ("modernbert", dict(MODERN, **ONE), wordpiece, "reranking", {}),
    "modernbert-classes": (
        "modernbert",
        dict(MODERN, classifier_pooling="mean", classifier_bias=True, norm_bias=True, **single()),
        wordpiece,
        "classification",
        {},
    ),
    "qwen3-embedding": (
        "qwen3",
        QWEN3,
        chatml,
        "embedding",
        dict(
            pooling="lasttoken",
            normalise=True,
            prompts={"query": "Instruct: find the passage\nQuery:", "document": ""},
            causal=True,
        ),
    ),
    "qwen3-window": (
        "qwen3",
        dict(QWEN3, use_sliding_window=True, sliding_window=9, layer_types=["sliding_attention", "full_attention"]),
        chatml,
        "embedding",
        dict(pooling="mean"),
    ),
    "qwen3-classes": ("qwen3", dict(QWEN3, **single()), chatml, "classification", {}),
    "qwen3-cross": ("qwen3", dict(QWEN3, **ONE), chatml, "classification", {}),
    "qwen3-reranker": ("qwen3", dict(QWEN3, tie_word_embeddings=True), chatml, "answers", dict(stated=True)),
    "qwen3-reranker-layout": ("qwen3", QWEN3, chatml, "answers", dict(layout=True)),
    "embedding-gemma": (
        "gemma3_text",
        dict(GEMMA3, use_bidirectional_attention=True),
        gemma,
        "embedding",
        dict(
            normalise=True,
            dense=[(64, torch.nn.Identity(), False), (24, torch.nn.Identity(), False)],
            prompts={"query": "task: search result | query: ", "document": "title: none | text: "},
        ),
    ),
    "gemma3-causal": ("gemma3_text", dict(GEMMA3, sliding_window=140), gemma, "embedding", dict(causal=True)),
    "gemma3-classes": ("gemma3_text", dict(GEMMA3, **single()), gemma, "classification", {}),
}


# Making -------------------------------------------------------------------------------------------------------------


def representable(tensor):
    """Rounds to bf16, and drops what fp16 could not hold."""
    tensor = tensor.to(torch.bfloat16).float()
    return torch.where(tensor.abs() < 2.0**-10, torch.zeros_like(tensor), tensor)


def fill(model, seed, gemma=False):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = torch.randn(parameter.shape, generator=generator)
            if "norm" in name.lower():
                offset = 0.0 if gemma or name.endswith("bias") else 1.0
                values = 0.25 * values + offset
            elif "embed" in name and parameter.dim() == 2:
                values *= 0.2 if gemma else 0.7
            elif name.endswith("bias"):
                values *= 0.3
            else:
                values *= 1.6 / parameter.shape[-1] ** 0.5
            parameter.copy_(representable(values))


def fast_tokenizer(make_tokenizer, max_length):
    tokenizer, names = make_tokenizer()
    padding = "left" if make_tokenizer is chatml else "right"
    inputs = ["input_ids", "attention_mask"]
    if make_tokenizer is wordpiece:
        inputs.append("token_type_ids")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        padding_side=padding,
        model_input_names=inputs,
        **names,
    )


def base_model(name, kind):
    model_type, settings, make_tokenizer, _, options = VARIANTS[name]
    auto = dict(
        embedding=AutoModel,
        masked=AutoModelForMaskedLM,
        classification=AutoModelForSequenceClassification,
        reranking=AutoModelForSequenceClassification,
        answers=AutoModelForCausalLM,
    )[kind]
    config = CONFIG_MAPPING[model_type](**{"vocab_size": VOCABULARY, **settings})
    config._attn_implementation = "eager"
    model = auto.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
    fill(model, sum(map(ord, name)), model_type.startswith("gemma"))
    positions = settings["max_position_embeddings"]
    if make_tokenizer is roberta:
        positions -= 2
    return model, fast_tokenizer(make_tokenizer, positions)


def encoded(tokenizer, text, pair=None, limit=None):
    if limit is None:
        limit = tokenizer.model_max_length
    # As batches of one: outside a batch an empty second text counts as none.
    pairs = None if pair is None else [pair]
    batch = tokenizer([text], pairs, truncation=True, max_length=limit, return_token_type_ids=True)
    encoding = {key: rows[0] for key, rows in batch.items()}
    found = dict(text=text)
    if pair is not None:
        found["pair"] = pair
    found["ids"] = encoding["input_ids"]
    if any(encoding["token_type_ids"]):
        found["types"] = encoding["token_type_ids"]
    return found


def sentence_transformer(plain, options):
    kwargs = dict(max_seq_length=options["max_seq_length"]) if "max_seq_length" in options else {}
    if options.get("lower_case"):
        kwargs["do_lower_case"] = True
    modules = [Transformer(str(plain), model_kwargs=dict(attn_implementation="eager"), **kwargs)]
    size = modules[0].get_embedding_dimension()
    pooling = Pooling(size, options.get("pooling", "mean"), include_prompt=options.get("include_prompt", True))
    modules.append(pooling)
    size = pooling.get_embedding_dimension()
    for out, function, bias in options.get("dense", []):
        dense = Dense(size, out, bias=bias, activation_function=function)
        fill(dense, out)
        modules.append(dense)
        size = out
    if options.get("normalise"):
        modules.append(Normalize())
    return SentenceTransformer(
        modules=modules,
        device="cpu",
        prompts=options.get("prompts"),
        default_prompt_name=options.get("default_prompt_name"),
        similarity_fn_name=options.get("similarity"),
    )


def vectors(model, options):
    inputs, outputs = [], []
    cases = [(text, None) for text in SENTENCES]
    if options.get("prompts"):
        cases += [(text, name) for text in SENTENCES[:4] for name in sorted(options["prompts"])]
    for text, prompt_name in cases:
        if prompt_name is None and options.get("default_prompt_name"):
            prompt = options["prompts"][options["default_prompt_name"]]
        else:
            prompt = options["prompts"][prompt_name] if prompt_name else ""
        case = encoded(model.tokenizer, prompt + text, limit=model.max_seq_length)
        if prompt and not options.get("include_prompt", True):
            # As the library counts: the prompt's tokens without the last, which closes the text.
            case["promptTokens"] = len(model.tokenizer(prompt)["input_ids"]) - 1
        inputs.append(case)
        outputs.append(model.encode(text, prompt_name=prompt_name, convert_to_tensor=True).tolist())
    return inputs, outputs


def logits(model, cases):
    outputs = []
    with torch.no_grad():
        for case in cases:
            feed = dict(input_ids=torch.tensor([case["ids"]]), attention_mask=torch.ones(1, len(case["ids"])).long())
            if "types" in case and getattr(model.config, "type_vocab_size", 0) > 1:
                feed["token_type_ids"] = torch.tensor([case["types"]])
            outputs.append(model(**feed).logits)
    return outputs


def old_norms(folder):
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    tensors = load_file(path)
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in tensors.items()
    }
    save_file(renamed, path, metadata={"format": "pt"})


def nomic_config(folder):
    """The spelling of Nomic's own configurations, whose weights have the names that transformers saves."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    theirs = dict(
        n_embd="hidden_size",
        n_layer="num_hidden_layers",
        n_head="num_attention_heads",
        n_inner="intermediate_size",
        n_positions="max_position_embeddings",
        layer_norm_epsilon="layer_norm_eps",
    )
    for own, name in theirs.items():
        config[own] = config.pop(name)
    config.pop("rope_parameters")
    config.pop("head_dim", None)
    config.update(
        activation_function="swiglu",
        rotary_emb_base=1000,
        rotary_emb_fraction=1.0,
        rotary_emb_interleaved=False,
        rotary_scaling_factor=None,
        prenorm=False,
        qkv_proj_bias=False,
        mlp_fc1_bias=False,
    )
    path.write_text(json.dumps(config, indent=2) + "\n")


def old_pooling(folder, modes):
    keys = dict(
        cls="cls_token",
        max="max_tokens",
        mean="mean_tokens",
        mean_sqrt_len_tokens="mean_sqrt_len_tokens",
        weightedmean="weightedmean_tokens",
        lasttoken="lasttoken",
    )
    config = dict(word_embedding_dimension=32)
    for mode, key in keys.items():
        config[f"pooling_mode_{key}"] = mode in modes
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def save(model, tokenizer, folder, options):
    model.to(options.get("store", torch.bfloat16)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def tidy(folder):
    for extra in ("README.md", "special_tokens_map.json", "vocab.txt", "generation_config.json"):
        for path in folder.rglob(extra):
            path.unlink()


def make_embedding(name, folder, options):
    with tempfile.TemporaryDirectory() as plain:
        model, tokenizer = base_model(name, "embedding")
        model.save_pretrained(plain)
        tokenizer.save_pretrained(plain)
        encoder = sentence_transformer(plain, options)
        inputs, outputs = vectors(encoder, options)
        encoder.to(options.get("store", torch.bfloat16)).save_pretrained(str(folder), create_model_card=False)
    if options.get("causal"):
        # As the published Qwen 3 embedders are saved: the language model's configuration, the layers' weights.
        path = folder / "config.json"
        text = path.read_text().replace('"Qwen3Model"', '"Qwen3ForCausalLM"')
        path.write_text(text.replace('"Gemma3TextModel"', '"Gemma3ForCausalLM"'))
    if options.get("old_pooling"):
        old_pooling(folder, options["pooling"])
    if options.get("nomic_config"):
        nomic_config(folder)
    return "embedding", inputs, outputs


def make_masked(name, folder, options):
    model, tokenizer = base_model(name, "masked")
    inputs = [encoded(tokenizer, text) for text in SENTENCES]
    outputs = []
    with torch.no_grad():
        for case in inputs:
            hidden = model.base_model(torch.tensor([case["ids"]])).last_hidden_state
            outputs.append(torch.nn.functional.normalize(hidden.mean(1), dim=-1)[0].tolist())
    save(model, tokenizer, folder, options)
    if options.get("old_norms"):
        old_norms(folder)
    return "embedding", inputs, outputs


def make_classification(name, folder, options):
    model, tokenizer = base_model(name, "classification")
    inputs = [encoded(tokenizer, text) for text in SENTENCES]
    if name.startswith("qwen3"):
        inputs = [case for case in inputs if case["ids"]]
    outputs = [row[0].tolist() for row in logits(model, inputs)]
    save(model, tokenizer, folder, options)
    return "classification" if model.config.num_labels > 1 else "reranking", inputs, outputs


def make_reranking(name, folder, options):
    model, tokenizer = base_model(name, "reranking")
    with tempfile.TemporaryDirectory() as plain:
        model.save_pretrained(plain)
        tokenizer.save_pretrained(plain)
        cross = CrossEncoder(plain, device="cpu", model_kwargs=dict(attn_implementation="eager"))
        inputs = [encoded(tokenizer, a, b) for a, b in PAIRS]
        if options.get("layout"):
            cross.activation_fn = torch.nn.Identity()
            cross.to(torch.bfloat16).save_pretrained(str(folder))
            cross.to(torch.float32)
        outputs = [[float(cross.predict([pair], activation_fn=torch.nn.Identity())[0])] for pair in PAIRS]
    direct = [row[0].tolist() for row in logits(model, inputs)]
    assert all(abs(a[0] - b[0]) < 1e-4 for a, b in zip(outputs, direct)), (outputs, direct)
    if not options.get("layout"):
        save(model, tokenizer, folder, options)
    if "activation" in options:
        path = folder / "config.json"
        config = json.loads(path.read_text())
        config["sentence_transformers"] = dict(activation_fn=f"torch.nn.modules.linear.{options['activation']}")
        path.write_text(json.dumps(config, indent=2) + "\n")
    return "reranking", inputs, outputs


def make_answers(name, folder, options):
    model, tokenizer = base_model(name, "answers")
    inputs = [encoded(tokenizer, f"<Query>: {a}\n<Document>: {b}<|im_end|>\n") for a, b in PAIRS]
    yes, no = tokenizer.convert_tokens_to_ids("yes"), tokenizer.convert_tokens_to_ids("no")
    outputs = [[(row[0, -1, yes] - row[0, -1, no]).item()] for row in logits(model, inputs)]
    save(model, tokenizer, folder, options)
    if options.get("stated"):
        path = folder / "config.json"
        config = json.loads(path.read_text())
        config.update(classifier_from_token=["no", "yes"], is_original_qwen3_reranker=True)
        path.write_text(json.dumps(config, indent=2) + "\n")
    if options.get("layout"):
        prefix = "sentence_transformers.cross_encoder.modules.logit_score"
        modules = [
            dict(idx=0, name="0", path="", type="sentence_transformers.base.modules.transformer.Transformer"),
            dict(idx=1, name="1", path="1_LogitScore", type=f"{prefix}.LogitScore"),
        ]
        (folder / "modules.json").write_text(json.dumps(modules, indent=2) + "\n")
        (folder / "1_LogitScore").mkdir()
        score = dict(true_token_id=yes, false_token_id=no, module_input_name="causal_logits")
        (folder / "1_LogitScore" / "config.json").write_text(json.dumps(score) + "\n")
    return "reranking", inputs, outputs


MAKERS = dict(
    embedding=make_embedding,
    masked=make_masked,
    classification=make_classification,
    reranking=make_reranking,
    answers=make_answers,
)


def rounded(rows):
    return [[float(f"{value:.8g}") for value in row] for row in rows]


def make(name):
    kind, options = VARIANTS[name][3], VARIANTS[name][4]
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    task, inputs, outputs = MAKERS[kind](name, folder, options)
    tidy(folder)
    golden = dict(transformers=transformers.__version__, task=task, inputs=inputs, outputs=rounded(outputs))
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    longest = max(len(case["ids"]) for case in inputs)
    print(f"{name:22} {len(inputs):2} inputs, longest {longest:3}, {size // 1024:4} KiB", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for chosen in sys.argv[1:] or VARIANTS:
        make(chosen)

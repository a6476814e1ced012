"""Makes four tiny tokenizers and their golden encodings and decodings for the engine's tests.

    python make_tokenizers.py ../../../engine/src/test/resources/tokenizers

Needs the `tokenizers` package. Each folder gets a tokenizer.json and a golden.json:
[{"text", "ids", "ids_with_special", "decoded", "decoded_skipping"}].
"""

import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = [
    "", " ", "  ", "\n", "\t\tTabs and\r\nlines\n\n", "a", " a", "a ", "  leading and trailing  ",
    "Hello, world!", "The quick brown fox jumps over the lazy dog.", "What's new? It's John's; we'll see, I'd say.",
    "1234567890", "3.14159", "1,000,000.00 $", "x = y ** 2 + 3*z - (a/b) % c", "def f(x):\n    return x + 1\n",
    "SELECT * FROM t WHERE id IN (1, 2, 3);", "<html><body class=\"a\">&amp;</body></html>", "https://example.org/?q=a%20b&c=d#e",
    "CamelCase snake_case kebab-case SCREAMING_CASE", "{\"key\": [1, 2, {\"nested\": null}]}", "e\u0301 combining acute", "\u00e9 precomposed",
    "Zu\u0308rich a\u030a o\u0302\u0323", "na\u00efve caf\u00e9 r\u00e9sum\u00e9", "\u00dcber die Stra\u00dfe gehen",
    "El ni\u00f1o comi\u00f3 una manzana", "O cora\u00e7\u00e3o do Brasil", "Za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105 ja\u017a\u0144",
    "P\u0159\u00edli\u0161 \u017elu\u0165ou\u010dk\u00fd k\u016f\u0148", "\u0130stanbul'da \u0131\u015f\u0131k", "Ch\u00fac m\u1eebng n\u0103m m\u1edbi", "\u00deetta reddast allt saman",
    "\u0428\u0438\u0440\u043e\u043a\u0430\u044f \u044d\u043b\u0435\u043a\u0442\u0440\u0438\u0444\u0438\u043a\u0430\u0446\u0438\u044f", "\u0416\u044a\u043b\u0442\u0430\u0442\u0430 \u0434\u044e\u043b\u044f", "\u0407\u0436\u0430\u043a \u0456 \u0491\u0430\u0432\u0430",
    "\u039e\u03b5\u03c3\u03ba\u03b5\u03c0\u03ac\u03b6\u03c9 \u03c4\u1f74\u03bd \u03c8\u03c5\u03c7\u03bf\u03c6\u03b8\u03cc\u03c1\u03b1", "\u0532\u0561\u0580\u0565\u0582 \u0541\u0565\u0566", "\u10d2\u10d0\u10db\u10d0\u10e0\u10ef\u10dd\u10d1\u10d0",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd with points", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", "\u0628\u0650\u0633\u0652\u0645\u0650 \u0671\u0644\u0644\u0651\u064e\u0647\u0650", "\u0633\u0644\u0627\u0645 \u062f\u0646\u06cc\u0627", "\u0627\u0631\u062f\u0648 \u0632\u0628\u0627\u0646",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0915\u094d\u0937\u0924\u094d\u0930\u093f\u092f", "\u09b9\u09cd\u09af\u09be\u09b2\u09cb \u09ac\u09bf\u09b6\u09cd\u09ac", "\u0bb5\u0ba3\u0b95\u0bcd\u0b95\u0bae\u0bcd \u0b89\u0bb2\u0b95\u0bae\u0bcd", "\u0c28\u0c2e\u0c38\u0c4d\u0c15\u0c3e\u0c30\u0c02", "\u0d28\u0d2e\u0d38\u0d4d\u0d15\u0d3e\u0d30\u0d02", "\u0dc4\u0dd9\u0dbd\u0ddd",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01", "\u0e81\u0eb3\u0ea5\u0eb1\u0e87", "\u179f\u17bd\u179f\u17d2\u178f\u17b8", "\u1019\u103c\u1014\u103a\u1019\u102c", "\u0f56\u0f7c\u0f51\u0f0b\u0f66\u0f90\u0f51",
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\u7e41\u9ad4\u4e2d\u6587\u6e2c\u8a66", "\u4eca\u65e5\u306f\u3044\u3044\u5929\u6c17\u3067\u3059\u306d\u3002", "\u30ab\u30bf\u30ab\u30ca \uff76\uff80\uff76\uff85 \u3072\u3089\u304c\u306a", "\u30cf\u309a\u30d2\u309a decomposed kana", "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4", "\u1112\u1161\u11ab\u1100\u1173\u11af jamo",
    "\U00020000\U0002A6DF rare han", "\U0001D400\U0001D4D0 \U0001D7D8 math", "\U00010330\U00010331 gothic", "\U00012000 cuneiform", "\U0001F600", "\U0001F600\U0001F601 two faces", "I \u2764\ufe0f you", "\u2600\ufe0e text sun",
    "\U0001F44D\U0001F3FD thumbs", "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466 family", "\U0001F469\U0001F3FE\u200d\U0001F4BB coder", "\U0001F3F3\ufe0f\u200d\U0001F308 flag", "\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7\U0001F1EF\U0001F1F5 flags",
    "\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F scotland", "1\ufe0f\u20e3 keycap #\ufe0f\u20e3", "\U0001F9D1\u200d\U0001F91D\u200d\U0001F9D1", "\U0001F636\u200d\U0001F32B\ufe0f fog", "\u00a9 \u00ae \u2122 \u203c\ufe0f",
    "zero\u200bwidth\u200dspace\ufeffbom", "soft\u00adhyphen nb\u00a0space thin\u2009space ideographic\u3000space", "\u202eright-to-left override\u202c", "\ufffd real replacement \ufffd\ufffd", "nul\u0000inside \u0001\u001f\u007f controls",
    "z\u0351\u036b\u0343\u036a\u0302a\u034c\u0317l\u0333\u0353g\u0300\u0301\u0302o", "\u2200x\u2208\u211d: \u2308x\u2309 = \u2212\u230a\u2212x\u230b, \u03b1 \u2227 \u00ac\u03b2", "\u00bd \u2153 x\u00b2 H\u2082O \u2460", "\u201cquotes\u201d \u2018single\u2019 \u2014 dash\u2026", "\ufb01 ligature \ufb00",
    "<s> not special? </s> [CLS] <unk>", "<|endoftext|>", "before<|endoftext|>after", "a" * 300, "ab " * 100, " " * 40 + "x", "\n" * 20, "\U0001F600" * 20, "\u4f60" * 40,
    "Mixed \u4e2d\u6587 and \u0627\u0644\u0639\u0631\u0628\u064a\u0629, \u0440\u0443\u0441\u0441\u043a\u0438\u0439; \u0939\u093f\u0928\u094d\u0926\u0940 \U0001F680!",
]

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level_bpe():
    """As Llama 3, Qwen and GPT-2: bytes mapped to letters, a regular expression that splits."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA3_SPLIT), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    t.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<|begin|>", "<|endoftext|>"]
    )
    t.train_from_iterator(TEXTS, trainer)
    t.post_processor = processors.TemplateProcessing(single="<|begin|> $A", special_tokens=[("<|begin|>", 0)])
    t.add_tokens([AddedToken("<|tool|>", special=False, normalized=False)])
    # What a training run leaves behind; loading must ignore it.
    t.enable_truncation(max_length=8)
    t.enable_padding(length=16, pad_id=1, pad_token="<|endoftext|>")
    return t


def byte_fallback_bpe():
    """As Llama 2 and Mistral: SentencePiece's BPE with 256 byte tokens for what it does not know."""
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    trainer = trainers.BpeTrainer(vocab_size=400, limit_alphabet=120, special_tokens=["<unk>", "<s>", "</s>"])
    trained.train_from_iterator([x for x in TEXTS if len(x) < 80], trainer)
    learned = json.loads(trained.to_str())["model"]
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for byte in range(256):
        vocab["<0x%02X>" % byte] = len(vocab)
    for piece in learned["vocab"]:
        vocab.setdefault(piece, len(vocab))
    merges = [tuple(m) for m in learned["merges"]]
    t = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = trained.normalizer
    t.add_special_tokens(["<unk>", "<s>", "</s>"])
    t.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return t


def unigram():
    """As T5 and XLM-R: SentencePiece's unigram model with the Metaspace pre-tokenizer and decoder."""
    t = Tokenizer(models.Unigram())
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
    t.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always")
    trainer = trainers.UnigramTrainer(vocab_size=600, special_tokens=["<unk>", "</s>"], unk_token="<unk>")
    t.train_from_iterator(TEXTS, trainer)
    t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return t


def wordpiece():
    """As BERT: lower case, words cut into pieces marked by ##."""
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    trainer = trainers.WordPieceTrainer(vocab_size=700, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    t.train_from_iterator(TEXTS, trainer)
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return t


def main():
    out = pathlib.Path(sys.argv[1])
    makers = {
        "byte-level-bpe": byte_level_bpe,
        "byte-fallback-bpe": byte_fallback_bpe,
        "unigram": unigram,
        "wordpiece": wordpiece,
    }
    for name, make in makers.items():
        tokenizer = make()
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        saved = tokenizer.to_str(pretty=False)
        (folder / "tokenizer.json").write_text(saved, encoding="utf-8")
        tokenizer.no_truncation()
        tokenizer.no_padding()
        golden = []
        for text in TEXTS:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            golden.append(
                {
                    "text": text,
                    "ids": ids,
                    "ids_with_special": tokenizer.encode(text, add_special_tokens=True).ids,
                    "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                    "decoded_skipping": tokenizer.decode(ids, skip_special_tokens=True),
                }
            )
        (folder / "golden.json").write_text(
            "[\n" + ",\n".join(json.dumps(g, ensure_ascii=True) for g in golden) + "\n]\n", encoding="utf-8"
        )
        print(name, tokenizer.get_vocab_size(), len(TEXTS), len(saved))


if __name__ == "__main__":
    main()

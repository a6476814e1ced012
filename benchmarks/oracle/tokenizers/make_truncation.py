"""Makes a tokenizer with BERT's template for pairs, and how the reference library cuts what is too long.

    python make_truncation.py ../../../engine/src/test/resources/tokenizers

Needs the `tokenizers` package and the output of make_tokenizers.py. Writes wordpiece-pair/tokenizer.json and truncation.json:
[{"first", "second" (or null), "room", "side", "ids", "type_ids"}].
"""

import json
import pathlib
import sys

from tokenizers import Tokenizer, processors

FIRST = ["", "a", "Hello, world!", "The quick brown fox jumps over the lazy dog.", "[CLS] is no start [SEP] nor this an end"]
SECOND = [None, "", "b", "What's new? It's John's; we'll see, I'd say.", "你好，世界！ naïve café"]
ROOMS = [2, 3, 4, 5, 8, 13, 16, 21, 64]


def main(folder):
    t = Tokenizer.from_file(str(folder / "wordpiece" / "tokenizer.json"))
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    out = folder / "wordpiece-pair"
    out.mkdir(exist_ok=True)
    t.save(str(out / "tokenizer.json"), pretty=False)
    golden = []
    for first in FIRST:
        for second in SECOND:
            for room in ROOMS:
                if room < (2 if second is None else 3):
                    continue
                for side in ("left", "right"):
                    t.enable_truncation(room, strategy="longest_first", direction=side)
                    e = t.encode(first, second) if second is not None else t.encode(first)
                    golden.append(
                        {"first": first, "second": second, "room": room, "side": side, "ids": e.ids, "type_ids": e.type_ids}
                    )
    (out / "truncation.json").write_text(json.dumps(golden, ensure_ascii=False), encoding="utf-8")


main(pathlib.Path(sys.argv[1]))

"""Makes what the test of Quern's Python-compatible JSON is compared with.

    python make_python_json.py ../../../supplier-api/src/test/resources/relay

documents.jsonl: lines {"text", "dumps", "sha256"}: a JSON text in odd spelling, and what `json.dumps(..., sort_keys=True)`
makes of it. floats.txt: lines of a double's bits in hex and its repr.
"""

import hashlib
import json
import pathlib
import random
import struct
import sys

RANDOM = random.Random(20261124)
CHARACTERS = ["a", "Z", " ", '"', "\\", "/", "\n", "\r", "\t", "\b", "\f", "\x00", "\x1f", "\x7f", "\x80", "é", "ß",
              "\u2028", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0001f600", "\U0010ffff", "日"]
NUMBERS = ["0", "-0", "-0.0", "0.0", "1E5", "1e-5", "1.50", "0.0001", "0.00001", "1e16", "1e15", "123456789012345678",
           "9007199254740993", "340282366920938463463374607431768211456", "1000000000000000019884624838656", "2e23",
           "5e-324", "1e-323", "4.35", "1e400", "-1e400", "NaN", "Infinity", "-Infinity", "1.7976931348623157e308",
           "2.2250738585072014e-308", "100000000000000000000.0", "-1.0", "3.0e0", "0.1e-6", "1e22", "1e23"]


def text_of(characters):
    spelled = []
    for c in characters:
        if ord(c) < 32 or c in '"\\' or RANDOM.random() < 0.3:
            units = c.encode("utf-16-be", "surrogatepass")
            spelled.append("".join("\\u%04X" % unit for unit in struct.unpack(">%dH" % (len(units) // 2), units)))
        else:
            spelled.append(c)
    if RANDOM.random() < 0.05:
        spelled.append("\\ud83d")  # A surrogate without its other half.
    return '"' + "".join(spelled) + '"'


def string():
    return text_of(RANDOM.choice(CHARACTERS) for _ in range(RANDOM.randrange(6)))


def number():
    kind = RANDOM.randrange(4)
    if kind == 0:
        return RANDOM.choice(NUMBERS)
    if kind == 1:
        return str(RANDOM.randrange(-(10**RANDOM.randrange(1, 40)), 10**RANDOM.randrange(1, 40)))
    if kind == 2:
        return repr(RANDOM.uniform(-1, 1) * 10.0 ** RANDOM.randrange(-30, 30))
    return repr(round(RANDOM.uniform(-1000, 1000), RANDOM.randrange(5)))


def space():
    return RANDOM.choice(["", "", "", " ", "\n", "\t "])


def value(depth):
    kind = RANDOM.randrange(8 if depth > 0 else 5)
    if kind < 2:
        return string()
    if kind < 4:
        return number()
    if kind == 4:
        return RANDOM.choice(["true", "false", "null"])
    items = range(RANDOM.randrange(5))
    if kind == 5:
        return "[" + space() + (space() + "," + space()).join(value(depth - 1) for _ in items) + space() + "]"
    members = (string() + space() + ":" + space() + value(depth - 1) for _ in items)
    return "{" + space() + ("," + space()).join(members) + "}"


def doubles():
    for exponent in range(-330, 310, 7):
        for text in ("1e%d", "9.5e%d", "1.2345678901234567e%d"):
            yield float(text % exponent)
    for bits in range(1, 40):
        yield struct.unpack(">d", struct.pack(">Q", bits))[0]
    while True:
        yield struct.unpack(">d", struct.pack(">Q", RANDOM.getrandbits(64)))[0]


def main(folder):
    with open(folder / "documents.jsonl", "w", encoding="ascii") as out:
        texts = [value(4) for _ in range(300)]
        texts.append("[" * 400 + "{}" + "]" * 400)
        texts.append('{"a":1,"a":2}')
        for text in texts:
            dumps = json.dumps(json.loads(text), sort_keys=True)
            digest = hashlib.sha256(dumps.encode("utf-8")).hexdigest()
            out.write(json.dumps({"text": text, "dumps": dumps, "sha256": digest}) + "\n")
    with open(folder / "floats.txt", "w", encoding="ascii") as out:
        seen = 0
        for double in doubles():
            if double == double and abs(double) != float("inf"):
                out.write(struct.pack(">d", double).hex() + " " + repr(double) + "\n")
                seen += 1
            if seen == 1500:
                return


main(pathlib.Path(sys.argv[1]))

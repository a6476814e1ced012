"""Makes a table of the JSON lines that benchmarks/embeddings writes.

    python benchmarks/oracle/encoders/compare_results.py <LINES

Of several rounds each peer's best counts. `ratio` is Quern's texts a second by those of the better library.
"""

import json
import sys


def key(line):
    return line["tokens"], line["clients"]


def best(lines):
    return max(lines, key=lambda line: line["texts_per_s"])


def main():
    lines = [json.loads(line) for line in sys.stdin if line.strip()]
    columns = "tokens clients peer texts/s CPU-ms/text ratio http+json+tokenising outside-model".split()
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for test in sorted({key(line) for line in lines}):
        by_peer = {}
        for line in lines:
            if key(line) == test:
                by_peer.setdefault((line["peer"], line.get("dtype", "fp32")), []).append(line)
        libraries = [best(group)["texts_per_s"] for (peer, _), group in by_peer.items() if peer != "quern"]
        for (peer, dtype), group in sorted(by_peer.items()):
            line = best(group)
            name = f"{peer} {dtype}" + (f", batches of {line['batch']}" if "batch" in line else "")
            row = [*test, name, f"{line['texts_per_s']:.1f}", line["cpu_ms_per_text"]]
            quern = peer == "quern"
            row.append(f"{line['texts_per_s'] / max(libraries):.2f}" if quern and libraries else "")
            for share in ("cpu_share_http_json_tokenizing", "cpu_share_outside_model"):
                row.append(f"{100 * line[share]:.1f} %" if quern else "")
            print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()

"""Makes a table of the JSON lines that benchmarks/embeddings writes.

    python benchmarks/oracle/encoders/compare_results.py <LINES

Of several rounds each peer's best counts. The two ratios are Quern's texts a second by those of the better library in process
and of the better server. With token ids there is nothing to tokenise, so that what serves is HTTP and JSON alone.
"""

import json
import sys

LIBRARIES = ("onnxruntime", "sentence-transformers")


def key(line):
    return line["tokens"], line["clients"]


def name(line):
    inputs = ", token ids" if line.get("inputs") == "ids" else ""
    return f"{line['peer']} {line.get('dtype', 'fp32')}{inputs}"


def best(lines):
    return max(lines, key=lambda line: line["texts_per_s"])


def ratio(line, peers):
    return f"{line['texts_per_s'] / max(peer['texts_per_s'] for peer in peers):.2f}" if peers else ""


def main():
    lines = [json.loads(line) for line in sys.stdin if line.strip()]
    columns = "tokens clients who texts/s CPU-ms/text by-libraries by-servers serving outside-model p50-ms".split()
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for test in sorted({key(line) for line in lines}):
        groups = {}
        for line in lines:
            if key(line) == test:
                groups.setdefault(name(line), []).append(line)
        bests = {who: best(group) for who, group in groups.items()}
        libraries = [line for line in bests.values() if line["peer"] in LIBRARIES]
        servers = [line for line in bests.values() if line["peer"] not in (*LIBRARIES, "quern")]
        for who, line in sorted(bests.items(), reverse=True):
            quern = line["peer"] == "quern"
            batch = f", in process, batches of {line['batch']}" if "batch" in line else ""
            row = [*test, who + batch, f"{line['texts_per_s']:.1f}", line["cpu_ms_per_text"]]
            row += [ratio(line, libraries), ratio(line, servers)] if quern else ["", ""]
            for share in ("cpu_share_http_json_tokenizing", "cpu_share_outside_model"):
                row.append(f"{100 * line[share]:.1f} %" if quern else "")
            row.append(f"{line['ms_p50']:.0f}" if "ms_p50" in line else "")
            print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()

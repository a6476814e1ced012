"""Times sentence-transformers and onnxruntime on the texts of a file, in this process and without HTTP.

    pip install sentence-transformers onnxruntime
    python benchmarks/oracle/encoders/time_peers.py FOLDER TEXTS --threads 2 --clients 1 32 256

FOLDER is a BERT checkpoint in the sentence-transformers layout, TEXTS a file of one text a line. N clients are N texts at
once, in one batch or in batches of 32 where that is faster (activations of a large batch leave the caches), which is the best
that any server around these libraries could do: each time counts tokenising, the model, pooling and normalising. Prints a
JSON line for each library and number of clients.
"""

import argparse
import json
import pathlib
import tempfile
import time

import numpy as np
import onnxruntime
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers import AutoModel

SMALL_BATCH = 32


class HiddenStates(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, mask):
        return self.model(input_ids=ids, attention_mask=mask).last_hidden_state


def onnx_encoder(folder, threads):
    """Tokenizer, onnxruntime session, mean pooling, length one."""
    model = HiddenStates(AutoModel.from_pretrained(folder, attn_implementation="eager").eval())
    file = pathlib.Path(tempfile.mkdtemp()) / "model.onnx"
    example = torch.ones((2, 8), dtype=torch.long)
    axes = {0: "texts", 1: "tokens"}
    with torch.no_grad():
        torch.onnx.export(
            model,
            (example, example),
            str(file),
            input_names=["ids", "mask"],
            output_names=["states"],
            dynamic_axes={"ids": axes, "mask": axes, "states": axes},
            opset_version=17,
            dynamo=False,
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()

    def encode(texts):
        encodings = tokenizer.encode_batch(texts)
        mask = np.array([e.attention_mask for e in encodings], np.int64)
        states = session.run(None, {"ids": np.array([e.ids for e in encodings], np.int64), "mask": mask})[0]
        vectors = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return encode


def measured(encode, texts, batch, seconds):
    """Speed and processor time of batches of `batch` texts."""
    encode(texts[:batch])
    done, begin, processor = 0, time.perf_counter(), time.process_time()
    while done == 0 or time.perf_counter() - begin < seconds:
        encode([texts[(done + i) % len(texts)] for i in range(batch)])
        done += batch
    rate = done / (time.perf_counter() - begin)
    cpu = 1000 * (time.process_time() - processor) / done
    return {"batch": batch, "texts_per_s": round(rate, 1), "cpu_ms_per_text": round(cpu, 2)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("texts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 32, 256])
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    texts = pathlib.Path(arguments.texts).read_text().splitlines()
    library = SentenceTransformer(arguments.folder, device="cpu")
    peers = {
        "onnxruntime": onnx_encoder(arguments.folder, arguments.threads),
        "sentence-transformers": lambda batch: library.encode(batch, batch_size=len(batch), show_progress_bar=False),
    }
    cosine = (peers["onnxruntime"](texts[:4]) * peers["sentence-transformers"](texts[:4])).sum(1).min()
    assert cosine > 0.9999, cosine
    for name, encode in peers.items():
        for clients in arguments.clients:
            batches = sorted({clients, min(clients, SMALL_BATCH)})
            lines = [measured(encode, texts, batch, arguments.seconds) for batch in batches]
            best = max(lines, key=lambda line: line["texts_per_s"])
            print(json.dumps({"peer": name, "clients": clients, **best}), flush=True)


if __name__ == "__main__":
    main()

"""train.py MODEL MINUTES [SHARE]: trains on the CPU for so many minutes with the tokenizer in the folder MODEL.

With SHARE it goes on from MODEL/checkpoint.pt, at this share of the learning rate and with new dialogues.

Writes MODEL/checkpoint.pt every few minutes and at the end. The learning rate follows the time, so a
slower machine sees fewer steps, not a cut schedule.
"""

import pathlib
import random
import sys
import time

import torch
import torch.nn.functional as F
from transformers import AutoTokenizer

import data
from model import Llama

# (rows, length): mostly short rows; every EVERY-th step trains the whole context.
SHORT, LONG, EVERY = (16, 128), (1, 2048), 12
MATRIX_RATE, OTHER_RATE = 0.02, 0.003


class Stream:
    """Documents one after another as tokens, each with a flag: is it a token to learn to say?"""

    def __init__(self, tokenizer, seed):
        self.generator, self.rng = data.Generator(), random.Random(seed)
        self.tokenizer, self.known = tokenizer, {}
        self.tokens, self.learned = [], []

    def ids(self, text):
        # One text part after another gives the same tokens as the whole: special tokens and newlines
        # are borders of their own.
        if text not in self.known:
            self.known[text] = self.tokenizer.encode(text, add_special_tokens=False)
        return self.known[text]

    def add(self, text, learn):
        ids = self.ids(text)
        self.tokens += ids
        self.learned += [learn] * len(ids)

    def fill(self, count):
        while len(self.tokens) < count:
            document = self.generator.document(self.rng)
            self.add("<s>", False)
            if isinstance(document, str):
                self.add(document, True)
                self.add("</s>", True)
                continue
            for message in document:
                said = message["role"] == "assistant"
                self.add("<|im_start|>" + message["role"] + "\n", False)
                self.add(message["content"].strip(), said)
                self.add("<|im_end|>", said)
                self.add("\n", False)
            self.add("</s>", False)

    def batch(self, rows, length):
        """tokens [rows, length], flat positions whose next token is learned, and those tokens."""
        count = rows * length + 1
        self.fill(count)
        tokens = torch.tensor(self.tokens[:count])
        learned = torch.tensor(self.learned[:count])
        del self.tokens[:count], self.learned[:count]
        wanted = learned[1:].nonzero().squeeze(1)
        return tokens[:-1].view(rows, length), wanted, tokens[1:][wanted]


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised by Newton-Schulz iterations (Keller Jordan, 2024)."""

    def __init__(self, parameters, lr, momentum=0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                x = p.grad.lerp(buffer, group["momentum"])
                turned = x.shape[0] > x.shape[1]
                x = (x.T if turned else x).bfloat16()
                x = x / (x.norm() + 1e-7)
                for _ in range(4):
                    gram = x @ x.T
                    x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
                x = x.T if turned else x
                p.add_(x, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def rate(done, share):
    """Share of the full learning rate after this share of the time; `share` is 0 in a first run."""
    if share:
        return share * min(1, done / 0.02, 1 - done + 0.01)
    return min(1, done / 0.02, (1 - done) / 0.6 + 0.01)


def main():
    folder, minutes = pathlib.Path(sys.argv[1]), float(sys.argv[2])
    share = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    torch.set_num_threads(2)
    torch.manual_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = Llama(len(tokenizer))
    if share:
        model.load_state_dict(torch.load(folder / "checkpoint.pt"))
    print(sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    matrices = [p for name, p in model.named_parameters() if "proj" in name]
    others = [p for name, p in model.named_parameters() if "proj" not in name]
    optimizers = [Muon(matrices, MATRIX_RATE), torch.optim.AdamW(others, OTHER_RATE, (0.9, 0.98), weight_decay=0.0)]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["full"] = group["lr"]
    stream = Stream(tokenizer, data.TRAIN_SEED + (round(1000 * share)))
    start = shown = saved = time.time()
    step = tokens = tokens_shown = 0
    smooth = None
    while (done := (time.time() - start) / (60 * minutes)) < 1:
        step += 1
        x, wanted, targets = stream.batch(*(LONG if step % EVERY == EVERY - 1 else SHORT))
        loss = F.cross_entropy(model(x, wanted), targets)
        loss.backward()
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["full"] * rate(done, share)
            optimizer.step()
            optimizer.zero_grad()
        tokens += x.numel()
        smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
        if time.time() - shown > 20:
            speed = (tokens - tokens_shown) / (time.time() - shown)
            print(f"{time.time() - start:6.0f} s  step {step}  {tokens / 1e6:.2f} M tokens  loss {smooth:.4f}"
                  f"  {speed:.0f} tokens/s", flush=True)
            shown, tokens_shown = time.time(), tokens
        if time.time() - saved > 120:
            torch.save(model.state_dict(), folder / "checkpoint.pt")
            saved = time.time()
    torch.save(model.state_dict(), folder / "checkpoint.pt")
    print(f"{step} steps, {tokens} tokens, loss {smooth:.4f}", flush=True)


if __name__ == "__main__":
    main()

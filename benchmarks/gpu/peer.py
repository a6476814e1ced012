"""The peer: the same checkpoint in transformers, on the same device, in the same run.

python3 peer.py FOLDER --greedy PROMPTS.json      token ids and their logits' top five, as JSON
python3 peer.py FOLDER --speed                    decode and prefill, static cache and torch.compile, as JSON
"""

import argparse
import json
import time

import torch
from transformers import AutoModelForCausalLM, StaticCache

DECODE_STEPS = 32


def load(folder, device):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation="sdpa")
    return model.to(device).eval()


@torch.inference_mode()
def greedy(model, prompts, tokens):
    """Each prompt's greedy continuation with the five likeliest ids of every step."""
    answers = []
    for prompt in prompts:
        ids = torch.tensor([prompt], device=model.device)
        past, answer, tops = None, [], []
        for _ in range(tokens):
            out = model(ids, past_key_values=past, use_cache=True)
            past = out.past_key_values
            top = out.logits[0, -1].float().topk(5).indices.tolist()
            tops.append(top)
            answer.append(top[0])
            ids = torch.tensor([[top[0]]], device=model.device)
        answers.append({"tokens": answer, "top": tops})
    return answers


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def median_seconds(work, device, runs):
    times = []
    for _ in range(runs):
        synchronize(device)
        begin = time.perf_counter()
        work()
        synchronize(device)
        times.append(time.perf_counter() - begin)
    return sorted(times)[len(times) // 2]


@torch.inference_mode()
def decode_seconds(model, compiled, batch, context, device):
    """Seconds of one decode step of `batch` sequences that have `context` tokens."""
    cache = StaticCache(config=model.config, max_cache_len=context + DECODE_STEPS + 8)
    prompt = torch.randint(300, 4000, (batch, context), device=device)
    # In pieces of the batch: the logits of a whole prompt are not wanted.
    model(prompt, past_key_values=cache, use_cache=True, logits_to_keep=1)
    ids = torch.randint(300, 4000, (batch, 1), device=device)
    position = torch.tensor([context], device=device)

    def steps():
        nonlocal ids
        for step in range(DECODE_STEPS):
            torch.compiler.cudagraph_mark_step_begin()
            out = compiled(ids, past_key_values=cache, cache_position=position + step, use_cache=True)
            ids = out.logits[:, -1].argmax(-1, keepdim=True).clone()

    steps()
    cache_runs = 3
    return median_seconds(steps, device, cache_runs) / DECODE_STEPS


@torch.inference_mode()
def prefill_seconds(model, tokens, device):
    prompt = torch.randint(300, 4000, (1, tokens), device=device)

    def once():
        model(prompt, use_cache=True, logits_to_keep=1).logits.argmax(-1).item()

    once()
    return median_seconds(once, device, 3)


def speed(model, device, batches, prompts, context, budget):
    begin = time.perf_counter()
    compiled = torch.compile(model, mode="reduce-overhead", dynamic=False)
    figures = {"decode": {}, "prefill": {}, "context": context}
    for tokens in prompts:
        figures["prefill"][tokens] = prefill_seconds(model, tokens, device)
    for batch in batches:
        if time.perf_counter() - begin > budget:
            figures.setdefault("not_measured", []).append(f"decode {batch}: the time was used up")
            continue
        figures["decode"][batch] = decode_seconds(model, compiled, batch, context, device)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--greedy", help="JSON: prompts, each an array of token ids")
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 8, 64, 256])
    parser.add_argument("--prompts", type=int, nargs="*", default=[512, 2048, 8192])
    parser.add_argument("--context", type=int, default=128)
    parser.add_argument("--budget", type=float, default=120, help="seconds after which no further shape is begun")
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(1)
    model = load(arguments.folder, device)
    answer = {}
    if arguments.greedy:
        answer["greedy"] = greedy(model, json.load(open(arguments.greedy)), arguments.tokens)
    if arguments.speed:
        answer["speed"] = speed(model, device, arguments.batches, arguments.prompts, arguments.context, arguments.budget)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()

"""evaluate.py MODEL HELD_OUT: greedy answers of the exported model in bf16, by transformers.

Prints the share of held-out questions whose answer has an expected text as whole words, with and
without a system message, and after a dialogue; the share that is the taught answer word for word; then
every wrong answer.
"""

import json
import random
import re
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import data

MAX_NEW = 64


def answers(model, tokenizer, conversations):
    order = sorted(range(len(conversations)), key=lambda i: len(str(conversations[i])))
    result = [""] * len(order)
    for at in range(0, len(order), 25):
        part = order[at:at + 25]
        inputs = tokenizer.apply_chat_template(
            [conversations[i] for i in part], add_generation_prompt=True, return_dict=True,
            return_tensors="pt", padding=True)
        with torch.inference_mode():
            out = model.generate(**inputs, do_sample=False, max_new_tokens=MAX_NEW)
        for i, row in zip(part, out[:, inputs["input_ids"].shape[1]:]):
            result[i] = tokenizer.decode(row, skip_special_tokens=True)
    return result


def right(answer, expected):
    return any(re.search(r"(?<!\w)" + re.escape(text) + r"(?!\w)", answer) for text in expected)


def main():
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1], padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.bfloat16)
    lines = [json.loads(line) for line in open(sys.argv[2])]
    generator, rng = data.Generator(), random.Random(99)

    taught = {line["question"]: answer for line, (_, answer, _) in zip(lines, generator.held_out)}

    def dialogue(turns):
        messages = []
        for _ in range(turns):
            question, answer = generator.turn(rng)
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        return messages

    settings = {
        "alone": lambda: [],
        "system message": lambda: [{"role": "system", "content": "You are a helpful assistant."}],
        "after 4 turns": lambda: dialogue(4),
        "after 40 turns": lambda: dialogue(40),
    }
    chosen = sys.argv[3:] or settings
    for name in chosen:
        asked = [settings[name]() + [{"role": "user", "content": line["question"]}] for line in lines]
        given = answers(model, tokenizer, asked)
        wrong = [(line, answer) for line, answer in zip(lines, given) if not right(answer, line["expected"])]
        exact = sum(answer == taught[line["question"]] for line, answer in zip(lines, given))
        print(f"{name}: {len(lines) - len(wrong)} of {len(lines)} right, {exact} word for word", flush=True)
        for line, answer in wrong:
            print("  ", line["question"], "->", answer, "| expected", line["expected"])


if __name__ == "__main__":
    main()

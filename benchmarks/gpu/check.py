#!/usr/bin/env python3
"""Checks and measures Quern on a host with a GPU; runs from the folder that `pack` packed.

python3 check.py [kernels] [contract] [greedy] [speed]      all of them when none is named

kernels   every CUDA kernel against float64, on the hardware; bandwidths and the cost of a launch
contract  what every backend must compute, and the golden checkpoints, on the hardware
greedy    the demo and checkpoints of real shapes served over HTTP; tokens compared with transformers
speed     decode at batch 1, 8, 64, 256 and prefill of 512, 2048, 8192 beside PyTorch, and beside the floor

Prints Markdown and writes it to --out. Exits with 1 when something failed. --driver FILE and --small try
the script itself on a look-alike driver: figures mean nothing then. When --minutes are used up, what is left
is told as not run, and the exit is 1 too; a part of its own has the minutes for itself.
"""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PARTS = ("kernels", "contract", "greedy", "speed")
# Reads of all weights and half of a measured copy's traffic: what batch 1 cannot beat.
READ_BYTES_PER_SECOND = 4.3e12
# With less than this nothing is begun.
LEAST_SECONDS = 20


class Report:
    def __init__(self, path, minutes):
        self.path = pathlib.Path(path)
        self.end = time.time() + 60 * minutes
        self.failed = []
        self.path.write_text("")

    def say(self, text=""):
        print(text, flush=True)
        with self.path.open("a") as file:
            file.write(text + "\n")

    def fail(self, what):
        self.failed.append(what)
        self.say(f"**FAILED**: {what}")

    def left(self, most):
        """Seconds that something may take: `most`, or what is left of all."""
        return min(most, self.end - time.time())

    def has_time(self, what):
        if self.left(LEAST_SECONDS) == LEAST_SECONDS:
            return True
        self.fail(f"{what}: not run, the time was used up")
        return False


def java(options, main, *arguments, classes=True):
    command = [str(HERE / "jre/bin/java"), "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true", *options]
    if classes:
        command += ["-cp", ":".join([f"{HERE}/app/*", f"{HERE}/tests/native", f"{HERE}/tests/engine"])]
    return command + [main, *map(str, arguments)]


def run(report, what, command, timeout):
    """The program's output, or None when it failed, which is then told."""
    if not report.has_time(what):
        return None
    timeout = report.left(timeout)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        report.fail(f"{what}: not done after {timeout:.0f} s")
        return None
    if done.returncode != 0:
        report.fail(f"{what}: exit {done.returncode}\n```\n{(done.stdout + done.stderr)[-3000:]}\n```")
        return None
    return done.stdout


class Server:
    """Quern, serving one checkpoint on the GPU until the block ends."""

    def __init__(self, arguments, model, *options):
        self.log = open(HERE / "server.log", "w+")
        driver = [f"-Dquern.cuda.driver={arguments.driver}"] if arguments.driver else []
        command = java(driver, "dev.quern.supplier.cli.Quern", "serve", "--port", "0", "--device", arguments.device,
                       "--model", model, *options)
        self.begin = time.time()
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, text=True)
        self.name = None

    def __enter__(self):
        while time.time() - self.begin < 240:
            text = pathlib.Path(self.log.name).read_text()
            found = re.search(r"http://[0-9.]+:\d+", text)
            if found:
                self.url = found.group()
                try:
                    self.name = self.get("/v1/models")["data"][0]["id"]
                    self.load_seconds = time.time() - self.begin
                    return self
                except (OSError, IndexError):
                    pass
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        self.__exit__()
        raise RuntimeError("the server did not start:\n" + pathlib.Path(self.log.name).read_text()[-3000:])

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=240) as answer:
            return json.load(answer)


def kernels(report, arguments, _):
    report.say("## Kernels\n")
    if not arguments.driver:
        output = run(report, "kernel suite", java(["-Xmx2g"], "dev.quern.cuda.kernel.KernelSuite", "hardware"), 200)
        if output is not None:
            report.say(f"{len(output.splitlines()) - 1} checks agree with float64 on {output.splitlines()[0]}.\n")
    options = (["--driver", arguments.driver] if arguments.driver else []) + (["--small"] if arguments.small else [])
    output = run(report, "kernel speed", java(["-Xmx2g"], "dev.quern.bench.gpu.KernelSpeed", *options), 200)
    if output is not None:
        report.say(output)


def contract(report, arguments, _):
    report.say("## Contract and golden checkpoints\n")
    if arguments.driver:
        report.say("Not on a look-alike: the build's own tests run there.\n")
        return
    output = run(report, "contract suite",
                 java(["-Xmx3g", "-Dquern.cuda.hardware=true"], "org.junit.platform.console.ConsoleLauncher", "execute",
                      "--disable-banner", "--details=summary",
                      "--select-class=dev.quern.engine.tensor.cuda.CudaBackendTest",
                      "--select-class=dev.quern.engine.model.CudaFamiliesTest"), 300)
    if output is not None:
        report.say("```\n" + "\n".join(line for line in output.splitlines() if " tests " in line) + "\n```\n")


def random_prompts(count, length):
    drawn = random.Random(7)
    return [[drawn.randrange(300, 4000) for _ in range(length)] for _ in range(count)]


def quern_greedy(server, prompts, tokens):
    answers = []
    for prompt in prompts:
        answer = server.post("/v1/completions", {"model": server.name, "prompt": prompt, "max_tokens": tokens,
                                                 "temperature": 0, "ignore_eos": True, "logprobs": 5,
                                                 "return_token_ids": True})
        answers.append(answer["choices"][0])
    return answers


def agreement(quern, peer):
    """Tokens until the first difference, and whether each side's token is in the other's top five there."""
    same = 0
    for ours, theirs in zip(quern["token_ids"], peer["tokens"]):
        if ours != theirs:
            close = ours in peer["top"][same]
            return same, close
        same += 1
    return same, True


def greedy(report, arguments, shapes):
    report.say("## Greedy tokens beside transformers\n")
    report.say("| checkpoint | loaded in | prompts | equal tokens until the first difference | close there |")
    report.say("|---|---|---|---|---|")
    prompts = random_prompts(4, 24 if arguments.small else 100)
    asked = HERE / "prompts.json"
    asked.write_text(json.dumps(prompts))
    tokens = 8 if arguments.small else 32
    for name, folder in shapes.items():
        output = run(report, f"{name}: transformers",
                     [sys.executable, str(HERE / "peer.py"), str(folder), "--greedy", str(asked), "--tokens", str(tokens)], 240)
        if output is None:
            continue
        peer = json.loads(output.splitlines()[-1])["greedy"]
        if not report.has_time(name):
            continue
        try:
            with Server(arguments, folder) as server:
                answers = quern_greedy(server, prompts, tokens)
                loaded = server.load_seconds
        except (RuntimeError, OSError) as e:
            report.fail(f"{name}: {e}")
            continue
        found = [agreement(ours, theirs) for ours, theirs in zip(answers, peer)]
        report.say(f"| {name} | {loaded:.1f} s | {len(prompts)} | {[same for same, _ in found]} of {tokens} | "
                   f"{[close for _, close in found]} |")
        if not all(close for _, close in found):
            report.fail(f"{name}: a token that transformers does not have in its top five")
    report.say()
    demo(report, arguments)


def demo(report, arguments):
    if not report.has_time("demo"):
        return
    try:
        with Server(arguments, "demo") as server:
            answer = server.post("/v1/chat/completions", {
                "model": server.name, "temperature": 0, "max_tokens": 20,
                "messages": [{"role": "user", "content": "What is 3 plus 4?"}]})
            text = answer["choices"][0]["message"]["content"]
            report.say(f"demo, asked for 3 plus 4: {text!r}\n")
            if "7" not in text and "seven" not in text:
                report.fail("demo: the answer is wrong")
    except (RuntimeError, OSError) as e:
        report.fail(f"demo: {e}")


def load(server, *options):
    command = java([], "dev.quern.bench.load.LoadGenerator", "--url", server.url, "--model", server.name,
                   "--vocabulary", "4000", "--reserved", "300", *options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    if done.returncode != 0:
        raise RuntimeError("load generator: " + done.stderr[-1000:])
    figures = json.loads(done.stdout)
    if figures["finished"] != figures["requests"]:
        raise RuntimeError(f"requests failed: {figures['errors']}")
    return figures


def quern_speed(server, batches, prompts, context, tokens):
    """Seconds of a decode step and of a prompt, as a client sees them."""
    figures = {"decode": {}, "prefill": {}}
    for batch in batches:
        got = load(server, "-c", batch, "-n", batch, "--prompt-tokens", context, "--max-tokens", tokens, "--warm-up",
                   min(batch, 8))
        figures["decode"][batch] = got["tpot_ms"]["p50"] / 1000
    for length in prompts:
        got = load(server, "-c", 1, "-n", 5, "--prompt-tokens", length, "--max-tokens", 1)
        figures["prefill"][length] = got["ttft_ms"]["p50"] / 1000
    return figures


def speed(report, arguments, shapes):
    report.say("## Speed over HTTP beside PyTorch (transformers, static cache, torch.compile with CUDA graphs)\n")
    batches, prompts, context, tokens = [1, 8, 64, 256], [512, 2048, 8192], 128, 128
    if arguments.small:
        batches, prompts, context, tokens = [1, 2], [32], 16, 4
    report.say("| checkpoint | what | Quern | PyTorch | Quern / PyTorch | of the floor |")
    report.say("|---|---|---|---|---|---|")
    for name, folder in shapes.items():
        size = (folder / "model.safetensors").stat().st_size
        if not report.has_time(name):
            continue
        try:
            with Server(arguments, folder, "--max-num-seqs", "256", "--max-num-batched-tokens", "8192") as server:
                ours = quern_speed(server, batches, prompts, context, tokens)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
            report.fail(f"{name}: {e}")
            continue
        output = run(report, f"{name}: PyTorch",
                     [sys.executable, str(HERE / "peer.py"), str(folder), "--speed", "--context", str(context),
                      "--batches", *map(str, batches), "--prompts", *map(str, prompts),
                      "--budget", str(arguments.peer_seconds)], 300)
        theirs = json.loads(output.splitlines()[-1])["speed"] if output else {"decode": {}, "prefill": {}}
        table(report, name, size, ours, theirs)
    report.say()


def table(report, name, size, ours, theirs):
    for batch, seconds in ours["decode"].items():
        peer = theirs["decode"].get(str(batch))
        floor = size / READ_BYTES_PER_SECOND
        report.say(f"| {name} | decode, batch {batch} | {batch / seconds:.0f} tokens/s | "
                   + (f"{batch / peer:.0f} tokens/s | {peer / seconds:.2f} | " if peer else "not measured | | ")
                   + (f"{floor / seconds:.2f} |" if batch == 1 else " |"))
    for length, seconds in ours["prefill"].items():
        peer = theirs["prefill"].get(str(length))
        report.say(f"| {name} | prefill of {length} | {length / seconds:.0f} tokens/s | "
                   + (f"{length / peer:.0f} tokens/s | {peer / seconds:.2f} | |" if peer else "not measured | | |"))


def checkpoints(arguments):
    import checkpoints as made

    tokenizer = HERE / "demo"
    if not tokenizer.exists():
        tokenizer.mkdir()
        import zipfile

        for jar in (HERE / "app").glob("quern-model-store-*.jar"):
            with zipfile.ZipFile(jar) as opened:
                for file in ("tokenizer.json", "tokenizer_config.json"):
                    if f"dev/quern/store/demo/{file}" in opened.namelist():
                        (tokenizer / file).write_bytes(opened.read(f"dev/quern/store/demo/{file}"))
    return {name: made.make(arguments.folder, name, tokenizer) for name in arguments.models}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="of " + ", ".join(PARTS))
    parser.add_argument("--models", nargs="*", default=["llama-8b", "qwen2.5-7b", "qwen2.5-0.5b"])
    parser.add_argument("--folder", default=str(HERE / "checkpoints"))
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--driver", help="another driver than the host's own, such as the tests' look-alike")
    parser.add_argument("--small", action="store_true", help="tiny shapes")
    parser.add_argument("--peer-seconds", type=int, default=30, help="after which a peer begins no further shape")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--out", default=str(HERE / "report.md"))
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    wanted = arguments.parts or PARTS
    report = Report(arguments.out, arguments.minutes)
    begin = time.time()
    shapes = checkpoints(arguments) if {"greedy", "speed"} & set(wanted) else {}
    report.say(f"{time.strftime('%Y-%m-%d')}, `check.py {' '.join(sys.argv[1:])}`; checkpoints made in {time.time() - begin:.0f} s\n")
    for part in wanted:
        started = time.time()
        globals()[part](report, arguments, shapes)
        report.say(f"({part}: {time.time() - started:.0f} s)\n")
    report.say(f"{len(report.failed)} failures in {time.time() - begin:.0f} s")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()

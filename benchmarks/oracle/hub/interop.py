"""Shows that Quern and huggingface_hub share one cache, both ways, and writes down Python's layout for a test.

    mvn -q -pl model-store test-compile dependency:build-classpath -Dmdep.outputFile=/tmp/classes.txt
    python interop.py --class-path model-store/target/classes:model-store/target/test-classes:$(cat /tmp/classes.txt) \
        model-store/src/test/resources/dev/quern/store/hub/python-cache.json

Needs the `huggingface_hub` package and a Java 25 (--java). The hub is the tests' own, on loopback; nothing else is asked.
Prints one line for each thing shown and ends with 1 at the first that does not hold.
"""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

MODEL = "org/tiny"


def show(what, holds):
    print(("holds: " if holds else "DOES NOT HOLD: ") + what)
    if not holds:
        sys.exit(1)


class Java:
    """Quern's classes as processes."""

    def __init__(self, java, class_path):
        self.command = [java, "--enable-native-access=ALL-UNNAMED", "-cp", class_path]

    def hub(self):
        return subprocess.Popen(self.command + ["dev.quern.store.hub.FixtureServer"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)

    def pull(self, environment, **options):
        return subprocess.Popen(self.command + ["dev.quern.store.hub.PullMain", MODEL], env=environment, **options)


class Hub:
    def __init__(self, process):
        self.process = process
        self.url = process.stdout.readline().strip()

    def sent(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


def environment(hub, cache, **more):
    return {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(cache), "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HOME": str(cache.parent / "home"), **more}


def python(env, code):
    """Runs Python anew, because huggingface_hub reads its environment once."""
    return subprocess.run([sys.executable, "-W", "error", "-c", code], env=env, text=True, capture_output=True)


DOWNLOAD = f"from huggingface_hub import snapshot_download; print(snapshot_download({MODEL!r}))"
SCAN = """
import json
from huggingface_hub import scan_cache_dir, hf_hub_download
info = scan_cache_dir()
repo, = info.repos
revision, = repo.revisions
files = {}
for file in revision.files:
    path = file.file_path.relative_to(revision.snapshot_path).as_posix()
    files[path] = hf_hub_download(repo.repo_id, path)
print(json.dumps({"warnings": [str(w) for w in info.warnings], "incomplete": len(info.incomplete_files), "id": repo.repo_id,
                  "refs": sorted(revision.refs), "commit": revision.commit_hash, "size": repo.size_on_disk, "files": files}))
"""


def digests(files):
    return {name: hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest() for name, path in files.items()}


def manifest(cache):
    path, = (cache / "models--org--tiny" / ".quern" / "manifests").iterdir()
    return {file["path"]: file["sha256"] for file in json.loads(path.read_text())["files"]}


def layout(cache):
    entries = {}
    for path in sorted(cache.rglob("*")):
        name = path.relative_to(cache).as_posix()
        if "/trees" in name:  # What huggingface_hub keeps for itself, as Quern does in .quern.
            continue
        if path.is_symlink():
            entries[name] = "link to " + os.readlink(path)
        elif path.is_dir():
            entries[name] = "folder"
        elif "/refs/" in name or name == "CACHEDIR.TAG":
            entries[name] = "file with " + path.read_text().splitlines()[0]
        else:
            entries[name] = f"file of {path.stat().st_size}"
    return entries


def quern_to_python(java, hub, cache):
    show("Quern pulls", java.pull(environment(hub, cache)).wait() == 0)
    offline = environment(hub, cache, HF_HUB_OFFLINE="1")
    folder = python(offline, DOWNLOAD)
    show("huggingface_hub, offline, takes Quern's snapshot as complete", folder.returncode == 0)
    scan = python(offline, SCAN)
    show("huggingface_hub scans Quern's cache: " + (scan.stderr or "no complaint"), scan.returncode == 0)
    scan = json.loads(scan.stdout)
    show("it has no warning about it and sees no incomplete file", scan["warnings"] == [] and scan["incomplete"] == 0)
    show("it reads the same name, branch and files", scan["id"] == MODEL and scan["refs"] == ["main"] and len(scan["files"]) == 3)
    show("the files have the digests of Quern's manifest", digests(scan["files"]) == manifest(cache))
    before = hub.sent()
    online = python(environment(hub, cache), DOWNLOAD)
    show("huggingface_hub, online, downloads nothing again", online.returncode == 0 and hub.sent() == before)


def python_to_quern(java, hub, cache):
    done = python(environment(hub, cache), DOWNLOAD)
    show("huggingface_hub pulls " + done.stderr[-300:] * done.returncode, done.returncode == 0)
    entries = layout(cache)
    before = hub.sent()
    show("Quern takes what Python pulled", java.pull(environment(hub, cache)).wait() == 0)
    show("and downloads nothing again", hub.sent() == before)
    scan = json.loads(python(environment(hub, cache, HF_HUB_OFFLINE="1"), SCAN).stdout)
    show("Quern's manifest of it is right", digests(scan["files"]) == manifest(cache))
    show("Python still has no warning", scan["warnings"] == [])
    return entries


def locks(java, hub, cache, weights):
    from huggingface_hub.utils import WeakFileLock

    lock = cache / ".locks" / "models--org--tiny" / (weights + ".lock")
    lock.parent.mkdir(parents=True)
    with WeakFileLock(lock):
        pull = java.pull(environment(hub, cache))
        try:
            pull.wait(5)
            waited = False
        except subprocess.TimeoutExpired:
            waited = True
        show("Quern waits while Python holds a blob's lock", waited)
        blob = cache / "models--org--tiny" / "blobs" / weights
        show("and leaves that blob alone", not blob.exists())
    show("Quern ends when Python lets go", pull.wait(60) == 0 and blob.exists())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("golden", type=pathlib.Path)
    parser.add_argument("--class-path", required=True)
    parser.add_argument("--java", default="java")
    arguments = parser.parse_args()
    java = Java(arguments.java, arguments.class_path)
    with tempfile.TemporaryDirectory() as folder, java.hub() as process:
        hub = Hub(process)
        folder = pathlib.Path(folder)
        quern_to_python(java, hub, folder / "a" / "hub")
        entries = python_to_quern(java, hub, folder / "b" / "hub")
        weights, = (name.rsplit("/", 1)[1] for name in entries if "/blobs/" in name and len(name.rsplit("/", 1)[1]) == 64)
        locks(java, hub, folder / "c" / "hub", weights)
        process.stdin.close()
    import huggingface_hub

    arguments.golden.parent.mkdir(parents=True, exist_ok=True)
    golden = {"made by": "huggingface_hub " + huggingface_hub.__version__, "entries": entries}
    arguments.golden.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()

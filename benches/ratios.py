#!/usr/bin/env python3
"""What verifying costs in multiples of what it cannot do without, and whether that grew.

    cargo bench --bench verify [-- --quick]
    benches/ratios.py [--bless] [--again]

Reads the ratios that the last run of the bench measured, and compares their medians with
benches/baseline.json. Both sides of a ratio are of one run on one machine, so the figures of one
machine hold on another, more or less. --again runs the bench first, and up to twice more when a ratio
is too high; --bless writes the baseline. What could not be measured is named.
Exit status: 0 nothing grew by more than 30 %; 1 something did; 2 something is missing.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEDIANS = ROOT / "target" / "criterion"
BASELINE = ROOT / "benches" / "baseline.json"
ALLOWED = 1.30
# A machine that is busy with something else spoils one side of a ratio; the best try counts.
TRIES = 3

# The bench that measures each ratio, by turns of its two sides, and what it should be at most; the goals
# are for quiet machines.
RATIOS = {
    "an envelope, by its signature alone": ("ratio/envelope_full", 1 / 0.85),
    "an envelope with all that is shown of it, by its signature alone":
        ("ratio/envelope_shown", 1 / 0.7),
    "many envelopes, by one core's work over the cores": ("ratio/bulk", 1 / 0.9),
    "a bundle's process, by digest and checker": ("ratio/bundle_process", 1.25),
}
# Ratios come as microseconds for ones, and criterion writes nanoseconds.
ONE = 1000


def median(name):
    path = MEDIANS / name / "new" / "estimates.json"
    return json.loads(path.read_text())["median"]["point_estimate"] if path.is_file() else None


def measure():
    # What an earlier run left would be taken for this one's.
    shutil.rmtree(MEDIANS, ignore_errors=True)
    subprocess.run(["cargo", "bench", "--bench", "verify", "--", "--quick", "ratio"], cwd=ROOT, check=True)


def ratios():
    found = {}
    for name, (bench, _) in RATIOS.items():
        if median(bench):
            found[name] = median(bench) / ONE
        else:
            print(f"NOT MEASURED: {name}")
    if not found:
        print("nothing was measured; run cargo bench --bench verify first")
        sys.exit(2)
    return found


def grown(found, baseline):
    return [name for name, ratio in found.items() if ratio > baseline.get(name, 0) * ALLOWED]


def main():
    if "--again" in sys.argv:
        measure()
    found = ratios()
    if "--bless" in sys.argv:
        rounded = {name: round(ratio, 3) for name, ratio in found.items()}
        BASELINE.write_text(json.dumps(rounded, indent=2) + "\n")
        print(f"wrote {BASELINE.relative_to(ROOT)}")
    baseline = json.loads(BASELINE.read_text())
    for _ in range(TRIES - 1):
        if "--again" in sys.argv and grown(found, baseline):
            measure()
            found = {name: min(ratio, found.get(name, ratio)) for name, ratio in ratios().items()}
    for name, ratio in found.items():
        goal = RATIOS[name][1]
        met = "met" if ratio <= goal else "missed"
        print(f"{name}: {ratio:.3f}, goal {goal:.3f} {met}; baseline {baseline.get(name)}")
    worse = grown(found, baseline)
    for name in worse:
        print(f"grew by more than 30 %, or has no baseline: {name}")
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()

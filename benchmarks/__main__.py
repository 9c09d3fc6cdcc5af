"""Every benchmark in one go: ``python -m benchmarks [--quick] [ONLY ...]``.

Each benchmark is a module of its own with ``--quick``; it prints tables of ours beside what a user would pick
instead and, where there is one, the machine's limit, measured in the same run in rotating order, with medians
and ratios. This runs them one after the other in a fresh process each, so that none warms another's caches or
holds its threads; each appends its result to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from embedder.runtime.choose import cuda_devices

HERE = Path(__file__).resolve().parent
MODULES = (
    "indexing",
    "reindexing",
    "memory",
    "million",
    "search",
    "upserts",
    "serving",
    "uploads",
    "starting",
    "evaluation",
    "als",
    "vbpr",
    "recommend",
    "growth",
    "simulated",
)
ON_GPU = ("gpu",)
"""Run as well where there is one."""


def main() -> int:
    """Run the chosen benchmarks; the exit code is the number that failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "only", nargs="*", choices=[[], *MODULES, *ON_GPU], help="which benchmarks (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: 5 minutes in all on two cores")
    chosen = parser.parse_args()
    failed, began = 0, time.monotonic()
    every = (*MODULES, *ON_GPU) if cuda_devices() else MODULES
    for name in chosen.only or every:
        print(f"\n== {name} ({'quick' if chosen.quick else 'full'})", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(["--quick"] if chosen.quick else [])]
        started = time.monotonic()
        done = subprocess.run(command, cwd=HERE.parent, check=False)
        print(f"{time.monotonic() - started:.0f} s", flush=True)
        if done.returncode:
            failed += 1
            print(f"{name} failed with exit code {done.returncode}", file=sys.stderr)
    print(f"\n{time.monotonic() - began:.0f} s in all", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())

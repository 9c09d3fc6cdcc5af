"""Every benchmark in one go: ``python -m benchmarks [--quick] [ONLY ...]``.

Each benchmark is a module of its own with ``--quick`` and ``--json FILE``; it prints a table of ours beside
what a user would pick instead, measured in the same run in alternating order, with medians and ratios. This
runs them one after the other in a fresh process each, so that none warms another's caches or holds its
threads, and puts their results into ``benchmarks/results/`` with the date, the machine and the versions.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = ("indexing", "search", "evaluation", "als", "vbpr", "simulated")
PACKAGES = ("torch", "torchvision", "timm", "faiss-gpu", "openvino", "numpy", "pillow")


def _processor() -> str:
    """The processor's name as the kernel tells it, else what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except ModuleNotFoundError:
            found[name] = "absent"
    return found


def main() -> int:
    """Run the chosen benchmarks; the exit code is the number that failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("only", nargs="*", choices=[[], *MODULES], help="which benchmarks (default: all)")
    parser.add_argument("--quick", action="store_true", help="small sizes: minutes on two cores")
    chosen = parser.parse_args()
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    size = "quick" if chosen.quick else "full"
    failed = 0
    for name in chosen.only or MODULES:
        print(f"\n== {name} ({size})", flush=True)
        out = results / f"{name}-{size}.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(out)]
        done = subprocess.run([*command, *(["--quick"] if chosen.quick else [])], cwd=HERE.parent)
        if done.returncode:
            failed += 1
            print(f"{name} failed with exit code {done.returncode}", file=sys.stderr)
            continue
        measured = json.loads(out.read_text(encoding="utf-8"))
        machine = {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform()}
        stamped = {
            "benchmark": name,
            "size": size,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine,
            "versions": _versions(),
            "results": measured,
        }
        out.write_text(json.dumps(stamped, indent=1) + "\n", encoding="utf-8")
        print(f"written to benchmarks/results/{out.name}")
    return failed


if __name__ == "__main__":
    sys.exit(main())

"""What every benchmark is made of: contenders that take turns, tables with ratios, and a record of each run.

A benchmark is a module with ``TITLE``, a docstring and ``run(size) -> Report``; its last lines are
``sys.exit(main(__doc__, NAME, run))``. Contenders of one table are measured in the same process tree on the
same data, one after the other in an order that rotates (A B C, B C A, …), so that a machine that gets busier
harms all alike; the median counts, and the lowest and highest value tell how far to trust it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("torch", "torchvision", "timm", "faiss-gpu", "openvino", "numpy", "pillow", "fastapi", "lightgbm")
OURS = "ours"
REST_SECONDS = 0.05
"""After which threads of BLAS and OpenMP no longer look for more to do; a cache forgets meanwhile."""

Size = Literal["quick", "full"]
Role = Literal["ours", "peer", "limit"]
Cell = float | int | str | None


@dataclass(frozen=True)
class Spread:
    """Of one figure over all turns: its median, lowest and highest value, and the number of turns."""

    median: float
    low: float
    high: float
    turns: int

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Of at least one value; ValueError without any."""
        if not values:
            raise ValueError("no turn was taken")
        return Spread(statistics.median(values), min(values), max(values), len(values))


@dataclass(frozen=True)
class Row:
    """One contender of a table.

    role: ``ours``, a ``peer``, or the machine's ``limit``. speed: in the table's unit. accuracy and more:
    further figures by name, in columns of their own; None where there is none. note: what a reader must know
    of it.
    """

    name: str
    role: Role
    speed: Spread
    accuracy: Mapping[str, Cell] = field(default_factory=dict)
    more: Mapping[str, Cell] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Contenders at one task. better: whether ``more`` or ``less`` of the unit is better. The first row of
    role ``ours`` is what all others are compared with. absent: peers that could not be measured, and why.
    """

    title: str
    unit: str
    better: Literal["more", "less"]
    rows: Sequence[Row]
    absent: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def ratios(self) -> list[float | None]:
        """By row: how many times better ours is, so that more than 1 is always in our favour; None for ours
        and where a figure is 0.
        """
        ours = next((row for row in self.rows if row.role == OURS), None)
        return [None if ours is None or row is ours else self._ratio(ours, row) for row in self.rows]

    def _ratio(self, ours: Row, other: Row) -> float | None:
        mine, theirs = ours.speed.median, other.speed.median
        above, below = (mine, theirs) if self.better == "more" else (theirs, mine)
        return above / below if below else None

    def text(self) -> str:
        """For a terminal, and, since its columns are bars and dashes, for a Markdown page."""
        named = list(dict.fromkeys(name for row in self.rows for name in row.accuracy))
        named += list(dict.fromkeys(name for row in self.rows for name in row.more if name not in named))
        heads = ["", self.unit, "lowest to highest", "ours is × better", *named]
        lines = [heads]
        for row, ratio in zip(self.rows, self.ratios(), strict=True):
            figures = {**row.accuracy, **row.more}
            spread = f"{shown(row.speed.low)} to {shown(row.speed.high)}" if row.speed.turns > 1 else ""
            times = "" if ratio is None else f"{ratio:.2f}"
            lines.append(
                [row.name, shown(row.speed.median), spread, times]
                + ["" if figures.get(name) is None else shown(figures[name]) for name in named]
            )
        widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
        body = [
            "| " + " | ".join(pad(cell, widths[at], at) for at, cell in enumerate(line)) + " |"
            for line in lines
        ]
        body.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        remarks = [f"- {row.name}: {row.note}" for row in self.rows if row.note]
        remarks += [f"- {name}: not measured: {why}" for name, why in self.absent.items()]
        remarks += [f"- {note}" for note in self.notes]
        return "\n".join([self.title, "", *body, *([""] if remarks else []), *remarks])

    def as_json(self) -> dict[str, Any]:
        """With the ratios, for the record."""
        return {**asdict(self), "ratios": self.ratios()}


@dataclass(frozen=True)
class Report:
    """What a run found: its tables, and whatever else is worth keeping, as JSON."""

    tables: Sequence[Table]
    details: Mapping[str, Any] = field(default_factory=dict)


def pad(cell: str, width: int, column: int) -> str:
    """Names to the left, figures to the right."""
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def shown(value: Cell) -> str:
    """Three significant digits or whole numbers, never an exponent."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    if abs(value) >= 0.01:
        return f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.5f}".rstrip("0")


def turns(contenders: Mapping[str, Callable[[], float]], count: int, rest: float = 0.0) -> dict[str, Spread]:
    """Let every contender take ``count`` turns in a rotating order; each returns its figure. What a contender
    needs before it is warm is its own business. rest: seconds before each turn, where contenders leave
    threads behind them that are still awake. At least one contender and one turn, else ValueError.
    """
    names = list(contenders)
    if not names or count < 1:
        raise ValueError("turns need at least one contender and one turn")
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(count):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            time.sleep(rest)
            found[name].append(contenders[name]())
    return {name: Spread.of(values) for name, values in found.items()}


def machine() -> dict[str, Any]:
    """The processor as the kernel names it, the cores this process may use, memory, system and GPU."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "memory_gb": _memory_gb(),
        "system": platform.platform(),
        "gpu": _gpu(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line for line in lines if line.startswith("flags")), "")
    able = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags.split()]
    return f"{names[0] if names else platform.machine()} ({', '.join(able) or 'no AVX2'})"


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _gpu() -> str | None:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def versions() -> dict[str, str]:
    """Of Python and of the packages that speed depends on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def append(name: str, size: Size, report: Report, to: Path = RESULTS) -> Path:
    """Add a line of JSON to ``<to>/<name>.jsonl``: date, machine, versions, tables, details. The file is the
    record of all runs, the newest last.
    """
    to.mkdir(parents=True, exist_ok=True)
    line = {
        "benchmark": name,
        "size": size,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "tables": [table.as_json() for table in report.tables],
        "details": report.details,
    }
    path = to / f"{name}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, allow_nan=False) + "\n")
    return path


def main(described: str | None, name: str, run: Callable[[Size], Report]) -> int:
    """One benchmark as a command: ``--quick``, ``--no-record``; prints the tables and appends them; 0."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=described,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: about a minute on two cores")
    parser.add_argument("--no-record", action="store_true", help="print only, append nothing to results/")
    chosen = parser.parse_args()
    size: Size = "quick" if chosen.quick else "full"
    report = run(size)
    for table in report.tables:
        print("\n" + table.text(), flush=True)
    if not chosen.no_record:
        path = append(name, size, report)
        print(f"\nappended to benchmarks/results/{path.name}", file=sys.stderr)
    return 0

"""From nothing to an answer: how long a service takes to be ready, and one question from the shell.

``python -m benchmarks.starting [--quick] [--no-record]``

Whole processes are timed, the files being in the page cache for all alike. The service is ready once
``/health/ready`` says so, which takes every file of the generation to match its checksum; what it holds in
memory then is told apart: its own, and what is mapped from files, which the system may take back. The peers
are what a user would write: a service that loads all vectors (``benchmarks/peers/plain_service.py``) and a
script that reads a FAISS index and searches it (``benchmarks/peers/plain_search.py``); neither checks what it
reads.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.drawn_shop import made, name_of
from benchmarks.framework import Report, Row, Size, Table, main, turns
from benchmarks.service_process import serving
from benchmarks.serving import lay_out, plain_service

PEERS = Path(__file__).resolve().parent / "peers"
OURS_SERVICE, OURS_COMMAND = "vitrine serve", "vitrine similar --product"
PLAIN_SERVICE, PLAIN_SCRIPT = "FastAPI + IndexFlatIP", "a script with IndexFlatIP"
PROMISED_SECONDS = 0.6
MEMORY = {"VmRSS": "memory, GB", "RssAnon": "its own, GB", "RssFile": "mapped from files, GB"}
LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Scale:
    """products, width, choice: of a shop and its index. turns: of each contender."""

    products: int
    width: int
    choice: str
    turns: int


MILLION = Scale(1_000_000, 512, "IVF2048,PQ256x4fs", 3)
SERVICE = {"quick": Scale(30_000, 256, "IVF256,SQ8", 2), "full": MILLION}
COMMAND = {"quick": Scale(20_000, 256, "auto", 3), "full": Scale(100_000, 512, "IVF512,SQ8", 11)}


@dataclass(slots=True)
class Started:
    """A service that was started some times. memory: of each time, in GB, by the kernel's word."""

    memory: list[dict[str, float]] = field(default_factory=list)

    def columns(self) -> dict[str, float]:
        """The medians, by what the table calls them."""
        return {
            said: float(np.median([one.get(word, 0.0) for one in self.memory]))
            for word, said in MEMORY.items()
        }


def memory_of(pid: int) -> dict[str, float]:
    """What the kernel says a process holds, in 10^9 bytes, by its words."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return {name: int(kilobytes) * 1024 / 1e9 for name, kilobytes in LINE.findall(text) if name in MEMORY}


def start_ours(shop: Path, started: Started) -> float:
    """Seconds from starting the process until it is ready."""
    began = time.perf_counter()
    with serving(shop) as service:
        seconds = time.perf_counter() - began
        started.memory.append(memory_of(service.process.pid))
    return seconds


def start_plain(folder: Path, started: Started) -> float:
    """The same for the peer, which is ready once it listens."""
    began = time.perf_counter()
    with plain_service(folder, "flat") as plain:
        seconds = time.perf_counter() - began
        started.memory.append(memory_of(plain.pid))
    return seconds


def run_once(command: list[str]) -> float:
    """Seconds of a whole process, whose output is thrown away. Raises CalledProcessError."""
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def ready(scale: Scale, place: Path) -> Table:
    """Until a service is ready."""
    shop, folder = place / "shop", place / "plain"
    folder.mkdir(parents=True)
    info = made(shop, scale.products, scale.width, scale.choice)
    lay_out(info.path, folder)
    size = sum(file.stat().st_size for file in info.path.iterdir()) / 1e9
    started = {OURS_SERVICE: Started(), PLAIN_SERVICE: Started()}
    start_ours(shop, Started()), start_plain(folder, Started())  # what is read is in the page cache now
    contenders: Mapping[str, Callable[[], float]] = {
        OURS_SERVICE: lambda: start_ours(shop, started[OURS_SERVICE]),
        PLAIN_SERVICE: lambda: start_plain(folder, started[PLAIN_SERVICE]),
    }
    found = turns(contenders, scale.turns)
    rows = [
        Row(
            name,
            "ours" if name == OURS_SERVICE else "peer",
            found[name],
            accuracy={"checks what it reads": "every byte" if name == OURS_SERVICE else "nothing"},
            more=started[name].columns(),
        )
        for name in contenders
    ]
    title = f"From start to ready: {scale.products:,} products × {scale.width} ({info.factory})"
    return Table(title, "seconds", "less", rows, notes=[f"the generation is {size:.2f} GB on the disk"])


def command(scale: Scale, place: Path) -> Table:
    """One question from the shell."""
    shop, folder = place / "shop", place / "plain"
    folder.mkdir(parents=True)
    info = made(shop, scale.products, scale.width, scale.choice)
    lay_out(info.path, folder)
    _write_flat(folder)
    asked = name_of(scale.products // 2)
    script_of_ours = Path(sys.executable).with_name("vitrine")
    ours = [str(script_of_ours), "similar", "--shop", str(shop), "--product", asked, "--json"]
    script = [sys.executable, str(PEERS / "plain_search.py"), str(folder), asked]
    nothing = [sys.executable, "-c", "import faiss, numpy"]
    commands = {OURS_COMMAND: ours, PLAIN_SCRIPT: script, "import faiss, and nothing else": nothing}
    for words in commands.values():
        run_once(words)
    found = turns({name: _once(words) for name, words in commands.items()}, scale.turns)
    roles = dict(zip(commands, ("ours", "peer", "limit"), strict=True))
    rows = [Row(name, roles[name], found[name]) for name in commands]  # type: ignore[arg-type]
    title = f"One question from the shell, whole processes: {scale.products:,} products × {scale.width}"
    notes = [f"promised: {PROMISED_SECONDS:g} s at 100,000 products", f"the shop's index: {info.factory}"]
    return Table(title, "seconds", "less", rows, notes=notes)


def _once(words: list[str]) -> Callable[[], float]:
    return lambda: run_once(words)


def _write_flat(folder: Path) -> None:
    import faiss

    vectors = np.load(folder / "vectors.npy")
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(folder / "flat.faiss"))


def run(size: Size) -> Report:
    """Both."""
    tables = []
    for measure, scale in ((command, COMMAND[size]), (ready, SERVICE[size])):
        with tempfile.TemporaryDirectory() as place:
            tables.append(measure(scale, Path(place)))
    kept = tables[0].rows[0].speed.median <= PROMISED_SECONDS
    return Report(tables, {"targets": {"command": kept}})


if __name__ == "__main__":
    sys.exit(main(__doc__, "starting", run))

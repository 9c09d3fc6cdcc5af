"""One writer at a time: a lock file, and beside it a note of who holds it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from data.errors import ShopBusy

LOCK_NAME = ".writer.lock"
HOLDER_NAME = ".writer.json"


@contextmanager
def writer_lock(directory: Path, who: str) -> Iterator[None]:
    """Hold the directory's writer lock, or raise ShopBusy at once, naming the holder.

    The operating system frees the lock when its holder ends, however it ends; a note left behind by a killed
    process is ignored and overwritten.
    """
    from filelock import FileLock, Timeout  # brings asyncio with it, which readers do not need

    lock = FileLock(directory / LOCK_NAME, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _busy(directory) from None
    holder = directory / HOLDER_NAME
    try:
        _write_note(holder, who)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _write_note(holder: Path, who: str) -> None:
    note = {
        "who": who,
        "pid": os.getpid(),
        "command": " ".join(sys.argv)[:300],
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    fresh = holder.with_suffix(".new")
    fresh.write_text(json.dumps(note), encoding="utf-8")
    fresh.replace(holder)


def _busy(directory: Path) -> ShopBusy:
    try:
        note = json.loads((directory / HOLDER_NAME).read_text(encoding="utf-8"))
        detail = {key: note[key] for key in ("who", "pid", "command", "since")}
    except (OSError, ValueError, KeyError, TypeError):
        return ShopBusy(f"another process is writing to the shop {directory}; try again when it is done")
    return ShopBusy(
        f"{detail['who']} (process {detail['pid']}, '{detail['command']}') has been writing to the shop "
        f"{directory} since {detail['since']}; try again when it is done",
        **detail,
    )

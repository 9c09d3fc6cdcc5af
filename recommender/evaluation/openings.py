"""How often a test was opened: whoever looks at the same test again and again ends up fitting to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from data.errors import Damaged
from index.durable import replace_text

NAME = "openings.jsonl"
LOCK = ".openings.lock"


def record(folder: Path, digest: str, what: str) -> int:
    """Note that the test of a split (see ``Fold.digest``) is opened, and return how often it was, this time
    included.

    folder: the shop's reports, made if needed. what: what was evaluated, in words. Several processes may
    record at once. Raises Damaged for a file that cannot be read.
    """
    from filelock import FileLock  # brings asyncio with it, which readers do not need

    folder.mkdir(parents=True, exist_ok=True)
    note = {"digest": digest, "what": what, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    with FileLock(folder / LOCK):
        lines = [*_lines(folder), json.dumps(note, ensure_ascii=False)]
        replace_text(folder / NAME, "".join(f"{line}\n" for line in lines))
        return times(folder, digest)


def times(folder: Path, digest: str) -> int:
    """How often the test of a split was opened so far. Raises Damaged for a file that cannot be read."""
    count = 0
    for number, line in enumerate(_lines(folder), 1):
        try:
            count += json.loads(line)["digest"] == digest
        except (ValueError, KeyError, TypeError):
            raise Damaged(
                f"{folder / NAME}, line {number}, is not a note of an opening; remove the line"
            ) from None
    return count


def told(count: int) -> str:
    """The count in a sentence for reports."""
    if count == 1:
        return "This test has been opened once, for this report."
    return (
        f"This test has been opened {count} times: choices made after having seen it are fitted to it, and "
        "its p-values are too small."
    )


def _lines(folder: Path) -> list[str]:
    path = folder / NAME
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

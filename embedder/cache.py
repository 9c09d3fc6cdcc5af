"""The user's cache folder: converted graphs, which can always be made again.

``VITRINE_CACHE`` names it; else it is ``vitrine`` under ``XDG_CACHE_HOME`` or ``~/.cache``. Where it cannot
be written, everything works, only slower.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

RECORD = "record.json"


def cache_folder() -> Path:
    """Where the cache lies (it may not exist yet)."""
    named = os.environ.get("VITRINE_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "vitrine"


def kept(folder: Path) -> dict[str, object] | None:
    """The record of a cached folder, or None where it is absent or broken."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def keep(folder: Path, write: Callable[[Path], Mapping[str, object]]) -> Path:
    """Lets ``write`` fill a new folder and return its record, then renames it to ``folder``.

    Two processes may do so at once: the first one's stays. Returns where the files lie: ``folder``, or a
    temporary folder where the cache cannot be written (the caller's process ends before it matters).
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    except OSError:
        made = Path(tempfile.mkdtemp(prefix="vitrine-"))
        (made / RECORD).write_text(json.dumps(dict(write(made))), encoding="utf-8")
        return made
    try:
        (made / RECORD).write_text(json.dumps(dict(write(made))), encoding="utf-8")
        if kept(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    except OSError:
        if kept(folder) is None:
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder

"""Which generation's files were found whole, and when: so that one question from the shell need not read
all of them again, which for a million products takes longer than everything else.

A file is taken for the one that was checked while inode, size and both times are the same, as any write
changes them. What changes on the disk by itself does not, so what was found is believed for a day only, and
never by a service that starts. The note lies beside the generations, not in one: what is copied or removed
as a whole does not have it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from index.durable import replace_text

CHECKED_FILE = ".checked.json"
BELIEVED_SECONDS = 86_400


class Stamps:
    """What the files of a generation's folder are by their metadata, taken before they are read.

    Raises FileNotFoundError where one is missing.
    """

    def __init__(self, directory: Path, names: Iterable[str]) -> None:
        self._path = directory.parent / CHECKED_FILE
        self._files = {f"{directory.name}/{name}": _stamp(directory / name) for name in sorted(names)}

    def are_checked(self) -> bool:
        """Whether these very files were found whole within the last day. Never on Windows, which keeps no
        time of the last change that a program cannot set.
        """
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            fresh = 0 <= time.time() - told["at"] < BELIEVED_SECONDS
            return bool(told["files"] == self._files and fresh and os.name != "nt")
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def forget(self) -> None:
        """Whatever was noted is doubted now: a check may find damage that the metadata does not show."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def keep(self) -> None:
        """Note that they were; a folder that cannot be written goes without."""
        with suppress(OSError):
            replace_text(self._path, json.dumps({"at": time.time(), "files": self._files}) + "\n")


def _stamp(path: Path) -> list[int]:
    found = os.stat(path)
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]

"""Photo paths of a catalogue, kept inside the photo folder."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from data import rejects
from data.ids import storable

_CACHED_FOLDERS = 4096


class PhotoFolder:
    """A folder that photos must lie in, symbolic links followed."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))
        self._real = os.path.realpath(self.folder)
        # Photos of one folder come together, so its links are followed once, not for every photo.
        self._real_folder = lru_cache(_CACHED_FOLDERS)(os.path.realpath)

    def place(self, named: str) -> tuple[str | None, str, str]:
        """Where a photo lies: (path relative to the folder, "", ""), or (None, reason, detail).

        named: relative to the folder or absolute; either slash will do. Whether the file exists is not asked.
        """
        if "://" in named:
            return None, rejects.MISSING_FILE, f"{named[:200]!r} is a web address; photos are read from files"
        if not storable(named):
            return None, rejects.MISSING_FILE, f"{named[:200]!r} is not a file name"
        path = os.path.normpath(os.path.join(self.folder, named.replace("\\", "/")))
        inside = _relative(path, str(self.folder)) or _relative(path, self._real)
        if inside is None or _relative(self._followed(path), self._real) is None:
            return None, rejects.OUTSIDE_FOLDER, f"{named[:200]!r} leads out of {self.folder.name}/"
        return inside.replace(os.sep, "/"), "", ""

    def _followed(self, path: str) -> str:
        if os.path.islink(path):
            return os.path.realpath(path)
        folder, name = os.path.split(path)
        return os.path.join(self._real_folder(folder), name)


def _relative(path: str, folder: str) -> str | None:
    start = folder.rstrip(os.sep) + os.sep
    return path[len(start) :] if path.startswith(start) else None

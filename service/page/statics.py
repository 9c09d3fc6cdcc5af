"""The page's style sheets and scripts, and addresses of them that change when they do."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi.staticfiles import StaticFiles

FOLDER = Path(__file__).parent / "static"


def static_files() -> StaticFiles:
    """The folder as an app to mount under /static."""
    return StaticFiles(directory=FOLDER)


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """The address of a file with its checksum, so that a browser never shows an old one."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"

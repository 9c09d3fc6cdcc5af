"""The page's style sheets and scripts, and addresses of them that change when they do."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

PathLike = str | os.PathLike[str]
FOLDER = Path(__file__).parent / "static"


class _Checked(StaticFiles):
    """Files that a browser keeps but asks about each time: scripts import each other without a checksum."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """See StaticFiles."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        return response


def static_files() -> StaticFiles:
    """The folder as an app to mount under /static."""
    return _Checked(directory=FOLDER)


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """The address of a file with its checksum, so that a browser never shows an old one."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"

"""What is known of a timm model from the last time it was loaded, so that torch need not be imported to tell.

A record holds while the weights lie unchanged in the hub's cache (which names files by their content) and
timm is of the same version.
"""

from __future__ import annotations

import contextlib
import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data.errors import UsageError
from embedder.cache import cache_folder
from embedder.config import EmbedderConfig


def recall(name: str) -> tuple[EmbedderConfig, str] | None:
    """The config and digest of a timm model's weights, or None where nothing certain is known."""
    try:
        record: dict[str, Any] = json.loads(_path(name).read_text(encoding="utf-8"))
        if record["file"] != _identity(Path(record["file"][0])) or record["timm"] != version("timm"):
            return None
        return EmbedderConfig.from_json(record["config"], name), str(record["digest"])
    except (OSError, ValueError, KeyError, TypeError, IndexError, UsageError):
        return None


def remember(name: str, config: EmbedderConfig, digest: str, file: Path) -> None:
    """Keeps what was found; a cache that cannot be written is no reason to stop."""
    with contextlib.suppress(OSError):
        record = {
            "timm": version("timm"),
            "file": _identity(file),
            "config": config.as_json(),
            "digest": digest,
        }
        path = _path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.write_text(json.dumps(record), encoding="utf-8")
        part.replace(path)


def _identity(file: Path) -> list[object]:
    real = file.resolve()
    found = real.stat()
    return [str(file), str(real), found.st_size, found.st_mtime_ns]


def _path(name: str) -> Path:
    return cache_folder() / "timm" / f"{name}.json"

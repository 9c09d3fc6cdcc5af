"""Uploaded photos: files in the shop, named by what they contain, never by what the client calls them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

UPLOAD_FOLDER = "photos"
_ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp"}


def keep_upload(directory: Path, data: bytes, name: str) -> tuple[str, str]:
    """Check and store an uploaded photo; returns its sha256 and its path within the shop.

    Raises BadPhoto where it cannot be decoded. The file is on the disk when this returns.
    """
    from data.photos import check_whole  # Pillow is needed for uploads only

    kind = check_whole(data, name)
    sha256 = hashlib.sha256(data).hexdigest()
    folder = directory / UPLOAD_FOLDER
    folder.mkdir(exist_ok=True)
    target = folder / f"{sha256}.{_ENDINGS[kind]}"
    if not target.exists():
        descriptor, fresh = tempfile.mkstemp(dir=folder, prefix=".upload-")
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            Path(fresh).replace(target)
        except OSError:
            Path(fresh).unlink(missing_ok=True)
            raise
    return sha256, f"{UPLOAD_FOLDER}/{target.name}"


def drop_uploads(directory: Path, paths: Sequence[str]) -> None:
    """Delete uploaded files that no photo uses any more."""
    for path in paths:
        (directory / path).unlink(missing_ok=True)

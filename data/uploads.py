"""Uploaded photos: files in the shop, named by what they contain, never by what the client calls them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from data.errors import VitrineError

UPLOAD_FOLDER = "photos"
_ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp"}


def keep_upload(directory: Path, data: bytes, name: str) -> tuple[str, str]:
    """Check and store an uploaded photo; returns its sha256 and its path within the shop.

    Raises BadPhoto where it cannot be decoded. The file is on the disk when this returns.
    """
    from data.photos import check_whole  # Pillow is needed for uploads only

    kind = check_whole(data, name)
    sha256 = hashlib.sha256(data).hexdigest()
    target = directory / UPLOAD_FOLDER / f"{sha256}.{_ENDINGS[kind]}"
    try:
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            _write_whole(target, data)
    except OSError as error:
        raise VitrineError(f"{name} cannot be stored in the shop: {error.strerror or error}") from error
    return sha256, f"{UPLOAD_FOLDER}/{target.name}"


def _write_whole(target: Path, data: bytes) -> None:
    """The file appears under its name only when all of it is on the disk."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".upload-", delete=False) as out:
        try:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
            os.chmod(out.fileno(), 0o644)
            Path(out.name).replace(target)
        except OSError:
            Path(out.name).unlink(missing_ok=True)
            raise


def drop_uploads(directory: Path, paths: Sequence[str]) -> None:
    """Delete uploaded files that no photo uses any more."""
    for path in paths:
        (directory / path).unlink(missing_ok=True)

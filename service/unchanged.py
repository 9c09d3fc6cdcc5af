"""A catalogue that is read as it was the last time, by a shop that is as it was then: nothing to compare.

Every row of a catalogue is read, checked and compared with the shop, which costs most of a night in which
nothing changed. So a reading that found nothing to change is noted: of which bytes, with which options, at
which revision of the shop. Where all of these are the same again, it would find the same again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from data.catalogue import photo_root
from data.errors import UsageError
from data.shop import Shop
from service.requests import IndexRequest
from service.versions import version_of

NOTED = "catalogue_unchanged"
"""The meta key of the note."""


def mark_of(request: IndexRequest, catalogue: Path) -> str | None:
    """What a reading depends on besides the shop, as one digest; None for a folder, which must be walked."""
    if not catalogue.is_file():
        return None
    options = {
        "catalogue": str(catalogue.resolve()),
        "photos": str(photo_root(catalogue, request.photos).absolute()),
        "columns": dict(request.columns or {}),
        "prune": request.prune,
        "version": version_of(),
    }
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    try:
        with catalogue.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError as error:
        raise UsageError(f"{catalogue} cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()


def same_as_noted(shop: Shop, mark: str | None) -> tuple[int, int] | None:
    """The import that such a reading would repeat, and its rows; None where it must be done."""
    note = shop.meta(NOTED)
    if mark is None or not isinstance(note, dict) or note.get("mark") != mark:
        return None
    number = note["import"]
    if note["revision"] != shop.revision or shop.newest_import("catalogue") != number:
        return None
    return int(number), int(note["rows"])


def note(shop: Shop, mark: str, number: int, rows: int, before: int) -> None:
    """Note a reading that began, and ended, at the revision ``before``.

    Only where nothing changed in between is it sure that the shop is as the catalogue says: another process
    may have changed a product after its row was read.
    """
    shop.set_meta(NOTED, {"mark": mark, "import": number, "rows": rows, "revision": before})

"""What may serve as an id: the shop's own strings, within bounds that every part of the system can carry."""

from __future__ import annotations

import hashlib
import unicodedata

from data import rejects
from data.errors import UsageError

LONGEST_ID = 256
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def id_fault(value: str) -> str | None:
    """The reject code of a string that cannot be an id, or None where it can."""
    if not value:
        return rejects.MISSING_ID
    if len(value) > LONGEST_ID:
        return rejects.LONG_ID
    if not (value.isascii() and value.isprintable()) and any(
        unicodedata.category(c) in _UNPRINTABLE for c in value
    ):
        return rejects.CONTROL_ID
    return rejects.BLANK_ID if not value.strip() else None


def check_id(value: str, what: str) -> None:
    """Raise UsageError unless ``value`` may be the id of a ``what`` (``"product"``, ``"customer"`` …)."""
    fault = id_fault(value) if isinstance(value, str) else rejects.MISSING_ID
    if fault is not None:
        raise UsageError(
            f"{value!r:.80} cannot be a {what} id: {rejects.MEANINGS[fault]}; "
            f"an id has 1 to {LONGEST_ID} characters, none of them a control character",
            reason=fault,
        )


def photo_id_of(product_id: str, path: str) -> str:
    """The id of a product's photo: 16 hex digits, the same in every shop and every run."""
    return hashlib.sha256(f"{product_id}\0{path}".encode()).hexdigest()[:16]


def storable(value: str) -> bool:
    """Whether a database can be asked for it at all: without NUL and lone surrogates."""
    return (value.isascii() and "\0" not in value) or clean_text(value) == value


def clean_text(value: str) -> str:
    """Text that every database takes: without NUL, lone surrogates replaced by ``?``."""
    if value.isascii():
        return value.replace("\0", "") if "\0" in value else value
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")

"""Products that come in several rows of a catalogue: found without keeping all ids, then checked."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b

from data.cells import Raw, as_text


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class RowHashes:
    """The ids of all rows, as eight bytes each."""

    def __init__(self) -> None:
        self._hashes = array("Q")

    def add(self, product_id: str) -> None:
        """Take in one row's id."""
        self._hashes.append(_hash(product_id))

    def repeats(self) -> Repeats:
        """What to watch for in the second pass: the ids that came more than once."""
        import numpy as np

        ordered = np.sort(np.frombuffer(self._hashes, np.uint64))
        return Repeats(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]).tolist())


class Repeats:
    """Watches products that come in several rows.

    A later row of a product is a further photo of it where each of its other cells says the same as the first
    row's, or nothing; else it contradicts the first row.
    """

    def __init__(self, repeated: Iterable[int]) -> None:
        self._repeated = frozenset(repeated)
        self._first: dict[str, Mapping[str, int]] = {}

    def is_further(self, product_id: str) -> bool:
        """Whether an earlier row of this product was accepted."""
        return product_id in self._first

    def conflict(
        self, product_id: str, cells: Mapping[str, Raw], has_photo: bool, photo_columns: Collection[str]
    ) -> str | None:
        """Why a row cannot stand beside the product's first row, or None where it can."""
        first = self._first.get(product_id)
        if first is None:
            return None
        if not has_photo:
            return "the product came in an earlier row, and this one brings no further photo"
        for name, digest in _digests(cells, photo_columns).items():
            if first.get(name) != digest:
                return f"the product came in an earlier row with another {name!r}"
        return None

    def accept(self, product_id: str, cells: Mapping[str, Raw], photo_columns: Collection[str]) -> None:
        """Keep what the first row of a repeated product says, eight bytes a cell."""
        if product_id not in self._first and _hash(product_id) in self._repeated:
            self._first[product_id] = _digests(cells, photo_columns)


def _digests(cells: Mapping[str, Raw], photo_columns: Collection[str]) -> dict[str, int]:
    texts = {name: as_text(cell) for name, cell in cells.items() if name not in photo_columns}
    return {name: _hash(text) for name, text in texts.items() if text is not None}

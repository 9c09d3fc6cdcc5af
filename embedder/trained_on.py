"""Which of a shop's products an embedder learnt from: kept in its folder, so that an evaluation of
recommendations can tell whether it knew the products that are asked for.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.errors import Damaged
from embedder.embedder import Embedder
from embedder.joined import JoinedEmbedder
from embedder.palettes import BUNDLED
from embedder.sources import FileWeights

TRAINED_ON_NAME = "trained-on.json"
FORMAT = 1
FLATTERED = "and what it knows flatters it; a fine-tuned one's card has figures on products held out"
"""What to mind where an embedder is measured on products that it learnt from."""


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """products: ids, sorted, each once, of those that were learnt from or chose the best epoch, also of the
    embedders that this one began from. complete: False where one of these does not say what it learnt from.

    newest: UTC seconds since 1970 at which the shop got the newest of these products; None: not known.
    trained: UTC seconds, the end of the training.
    """

    products: tuple[str, ...]
    newest: float | None
    trained: float
    complete: bool = True

    @classmethod
    def of(cls, products: Iterable[str], newest: float | None, trained: float, base: Embedder) -> TrainedOn:
        """What was learnt now, together with what the base had learnt before."""
        return cls._with(products, newest, trained, [_before(base)])

    @classmethod
    def together(cls, bases: Sequence[Embedder], products: Iterable[str] = ()) -> TrainedOn:
        """What embedders that are copied, averaged, joined or reduced had learnt until the last of them was
        trained, and the products by whose labels was chosen among them. Principal components and statistics
        of norms, which see photos but neither label nor purchase, do not count as learning.
        """
        before = [_before(base) for base in bases]
        trained = max((one.trained for found, _ in before for one in found), default=time.time())
        return cls._with(products, None, trained, before)

    @classmethod
    def _with(
        cls,
        products: Iterable[str],
        newest: float | None,
        trained: float,
        before: Sequence[tuple[Sequence[TrainedOn], bool]],
    ) -> TrainedOn:
        earlier = [one for found, _ in before for one in found]
        moments = [moment for moment in (newest, *(one.newest for one in earlier)) if moment is not None]
        named = {*products, *(name for one in earlier for name in one.products)}
        complete = all(whole for _, whole in before)
        return cls(tuple(sorted(named)), max(moments, default=None), trained, complete)

    def caution(self, name: str, products: Iterable[str]) -> str | None:
        """In words, how many of the products that an embedder ``name`` is measured on are among these; None
        where none is, and nothing is unknown.
        """
        asked = set(products)
        known = len(asked & set(self.products))
        if known:
            least = "" if self.complete else "at least "
            return f"{name} learnt from {least}{known} of the {len(asked)} products measured here"
        if self.complete:
            return None
        return f"it is not known whether {name} learnt from the {len(asked)} products measured here"

    def flattered(self, name: str, products: Iterable[str]) -> str | None:
        """The caution, with what it means for figures."""
        known = self.caution(name, products)
        return None if known is None else f"{known}, {FLATTERED}"

    def as_bytes(self) -> bytes:
        """The content of ``trained-on.json``, with a sha256 of everything else in it."""
        told = self._told()
        return (json.dumps({**told, "sha256": _digest(told)}, ensure_ascii=False, indent=1) + "\n").encode()

    def files(self) -> dict[str, bytes]:
        """To be written into the embedder's folder, by name; nothing where nothing at all is known."""
        return {TRAINED_ON_NAME: self.as_bytes()} if self.products or self.complete else {}

    def _told(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "complete": self.complete,
            "newest_first_seen": None if self.newest is None else _as_text(self.newest),
            "trained": _as_text(self.trained),
            "products": list(self.products),
        }


def caution(embedder: Embedder, name: str, products: Iterable[str]) -> str | None:
    """What to mind where an embedder ``name`` is measured on products, in words: that it learnt from some of
    them, or that this is not known. None where it learnt from none.
    """
    return TrainedOn.together([embedder]).flattered(name, products)


def read_trained_on(folder: Path) -> TrainedOn | None:
    """What an embedder's folder says it was trained on; None where it says nothing.

    Raises Damaged where the file cannot be read or does not match its own checksum.
    """
    path = folder / TRAINED_ON_NAME
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        digest = told.pop("sha256")
        newest = told["newest_first_seen"]
        found = TrainedOn(
            tuple(map(str, told["products"])),
            None if newest is None else datetime.fromisoformat(newest).timestamp(),
            datetime.fromisoformat(told["trained"]).timestamp(),
            bool(told["complete"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{path} is not readable ({error}); fine-tune the embedder again") from error
    if digest != _digest(told):
        raise Damaged(f"{path} does not match its checksum; fine-tune the embedder again")
    return found


def _before(base: Embedder) -> tuple[list[TrainedOn], bool]:
    """What the base learnt from a shop's products, and whether that is all: the bundled embedder and timm's
    were made without them.
    """
    if isinstance(base, JoinedEmbedder):
        parts = [_before(member) for member in base.members]
        return [one for found, _ in parts for one in found], all(whole for _, whole in parts)
    weights = base.network.weights
    if not isinstance(weights, FileWeights) or weights.path.parent == BUNDLED:
        return [], True
    found = read_trained_on(weights.path.parent)
    return ([], False) if found is None else ([found], found.complete)


def _as_text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _digest(told: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

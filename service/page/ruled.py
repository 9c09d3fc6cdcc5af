"""Rules and their history as the pages show them, and the form by which they are ordered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from data.errors import UsageError
from data.rules import Surface, Terms
from data.timestamps import parse_moment
from service.answers import Json
from service.engine import Engine

SURFACES = {"similar": "in look-alikes", "recommendations": "in recommendations", "both": ""}
PASSED = {"pin": "pinned", "block": "blocked", "boost": "boosted"}


@dataclass(frozen=True, slots=True)
class Line:
    """A rule, or a change of one, with what the page shows of the product that it moves.

    told: the rule's or the change's JSON. card: of the product; a product that is gone is shown by its id.
    what: "pinned at 1". scope: where that holds, in words.
    """

    told: Json
    card: Json
    what: str
    scope: str


def lines(engine: Engine, told: Iterable[Json]) -> list[Line]:
    """Rules or changes as lines, in their order."""
    listed = list(told)
    terms: list[Any] = [one.get("terms", one) for one in listed]
    cards = engine.cards({str(one["product_id"]) for one in terms})
    return [_line(one, words, cards) for one, words in zip(listed, terms, strict=True)]


def _line(told: Json, terms: Any, cards: dict[str, Json]) -> Line:
    gone: Json = {"product_id": terms["product_id"], "title": None, "photo_id": None}
    what = PASSED[terms["action"]]
    if terms["position"] is not None:
        what += f" at {terms['position']}"
    if terms["factor"] is not None:
        what += f" × {terms['factor']:g}"
    if terms["plus"] is not None:
        what += f" by {terms['plus']:+g}"
    scope = "everywhere"
    if terms["query_product_id"] is not None:
        scope = f"for product {terms['query_product_id']}"
    elif terms["query_category"] is not None:
        scope = f"for category {terms['query_category']}"
    scope = f"{scope} {SURFACES[terms['surface']]}".strip()
    return Line(told, cards.get(terms["product_id"], gone), what, scope)


class RuleForm(BaseModel):
    """The fields of the form; the button that was pressed names the product: pin, boost or block.

    scope: "product", "category" or "everywhere". starts, ends: as a browser writes a moment, in UTC. back:
    the page to go back to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pin: str | None = None
    boost: str | None = None
    block: str | None = None
    query_product_id: str = ""
    query_category: str = ""
    scope: Literal["product", "category", "everywhere"] = "product"
    surface: Surface = "similar"
    position: int = 1
    factor: float = 1.25
    starts: str = ""
    ends: str = ""
    note: str = ""
    back: str = "/rules"

    def terms(self) -> Terms:
        """The rule that is ordered. Raises UsageError."""
        pressed: list[tuple[Any, str]] = [
            (action, product)
            for action, product in (("pin", self.pin), ("boost", self.boost), ("block", self.block))
            if product is not None
        ]
        if len(pressed) != 1:
            raise UsageError("press one of the buttons: pin, boost or block")
        action, product_id = pressed[0]
        return Terms(
            action=action,
            product_id=product_id,
            query_product_id=self.query_product_id if self.scope == "product" else None,
            query_category=self.query_category if self.scope == "category" else None,
            surface=self.surface,
            position=self.position if action == "pin" else None,
            factor=self.factor if action == "boost" else None,
            starts=_moment(self.starts),
            ends=_moment(self.ends),
            note=self.note.strip(),
        )


class UndoForm(BaseModel):
    """The fields of an undo: the number of the change, or nothing for the last one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    change_id: int | None = None
    back: str = "/rules"


def inside(address: str, otherwise: str = "/rules") -> str:
    """The address of a page of this service to go back to; anything else becomes the other one."""
    plain = address.isprintable() and address.isascii() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else otherwise


def _moment(text: str) -> datetime | None:
    if not text.strip():
        return None
    found = parse_moment(text)
    if found is None:
        raise UsageError(f"a moment is written as 2026-07-01T12:00, not {text!r:.40}")
    return found

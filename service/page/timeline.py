"""A customer's history as days, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from data.records import Interaction
from service.answers import Json

WORDS = {
    "view": "looked at",
    "click": "clicked",
    "like": "liked",
    "cart": "put in the cart",
    "purchase": "bought",
    "rate": "rated",
    "dislike": "disliked",
    "return": "sent back",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One interaction with what the page shows of its product."""

    card: Json
    did: str
    event: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day."""

    day: date
    moments: tuple[Moment, ...]


def timeline(history: Sequence[Interaction], cards: Mapping[str, Json]) -> list[Day]:
    """Days, newest first; a product that is gone is shown by its id."""
    newest_first = sorted(history, key=lambda one: one.timestamp, reverse=True)
    days = []
    for day, ones in groupby(newest_first, key=lambda one: one.timestamp.date()):
        days.append(Day(day, tuple(_moment(one, cards) for one in ones)))
    return days


def _moment(one: Interaction, cards: Mapping[str, Json]) -> Moment:
    gone: Json = {"product_id": one.product_id, "title": None, "photo_id": None, "gone": True}
    card = cards.get(one.product_id)
    return Moment(
        gone if card is None else {**card, "gone": False},
        WORDS.get(one.event, one.event),
        one.event,
        one.value,
    )

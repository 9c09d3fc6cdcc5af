"""What a merchandiser orders: that a product is pinned, blocked or boosted, where, for what, and how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from data.errors import UsageError
from data.ids import check_id, clean_text
from data.records import FIRST_YEAR, LAST_YEAR

Action = Literal["pin", "block", "boost"]
Surface = Literal["similar", "recommendations", "both"]
Kind = Literal["add", "remove"]

ACTIONS: tuple[Action, ...] = get_args(Action)
SURFACES: tuple[Surface, ...] = get_args(Surface)
LAST_POSITION = 1_000
LARGEST_FACTOR = 1_000.0
LARGEST_PLUS = 2.0
LONGEST_NOTE = 500
LONGEST_CATEGORY = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """The words of a rule.

    action: "pin" puts the product at ``position``, "block" never shows it, "boost" changes the score that it
    is ordered by. product_id: the product that is moved. query_product_id, query_category: what has to be
    asked about, a product or a category (at most one of them); neither: the rule holds everywhere. surface:
    "similar" (look-alikes), "recommendations" or "both". position: of a pin, from 1 to 1,000. factor: of a
    boost, above 0 and up to 1,000; or plus: from -2 to 2 (exactly one of them; ``service.merchandising`` says
    what they do). starts, ends: aware moments from which and until which (not included) it holds; None: at
    once, for ever. note: why, for colleagues.
    """

    action: Action
    product_id: str
    query_product_id: str | None = None
    query_category: str | None = None
    surface: Surface = "both"
    position: int | None = None
    factor: float | None = None
    plus: float | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        check_id(self.product_id, "product")
        if self.action not in ACTIONS:
            raise UsageError(f"a rule can {', '.join(ACTIONS)}, not {self.action!r:.40}")
        if self.surface not in SURFACES:
            raise UsageError(f"a rule holds in {', '.join(SURFACES)}, not in {self.surface!r:.40}")
        if len(self.note) > LONGEST_NOTE or clean_text(self.note) != self.note:
            raise UsageError(f"a note has at most {LONGEST_NOTE} characters that can be stored")
        self._check_query()
        self._check_amount()
        self._check_time()

    def _check_query(self) -> None:
        if self.query_product_id is not None and self.query_category is not None:
            raise UsageError("a rule is for a product or for a category: give one of them, or neither")
        if self.query_product_id is not None:
            check_id(self.query_product_id, "product")
            if self.query_product_id == self.product_id:
                raise UsageError(
                    f"a rule for {self.product_id!r:.80} cannot {self.action} that product itself: "
                    "a product is never among its own look-alikes"
                )
        category = self.query_category
        if category is not None and not (
            0 < len(category) <= LONGEST_CATEGORY and category.strip() and clean_text(category) == category
        ):
            raise UsageError(f"a category has 1 to {LONGEST_CATEGORY} characters that can be stored")

    def _check_amount(self) -> None:
        if (self.position is not None) != (self.action == "pin"):
            raise UsageError("a pin needs a position, from 1; a block and a boost have none")
        if self.position is not None and not 1 <= self.position <= LAST_POSITION:
            raise UsageError(f"a pin's position lies between 1 and {LAST_POSITION}, not at {self.position}")
        amounts = [amount for amount in (self.factor, self.plus) if amount is not None]
        if len(amounts) != (1 if self.action == "boost" else 0):
            raise UsageError("a boost needs a factor or a plus, one of them; a pin and a block have neither")
        factor, plus = self.factor, self.plus
        if factor is not None and not (0 < factor <= LARGEST_FACTOR and factor != 1):
            raise UsageError(
                f"a boost's factor lies above 0 and up to {LARGEST_FACTOR:g}, and is not 1: {factor}"
            )
        if plus is not None and not (math.isfinite(plus) and 0 < abs(plus) <= LARGEST_PLUS):
            raise UsageError(
                f"a boost's plus lies between -{LARGEST_PLUS:g} and {LARGEST_PLUS:g}, and is not 0: {plus}"
            )

    def _check_time(self) -> None:
        for moment in (self.starts, self.ends):
            if moment is not None and moment.tzinfo is None:
                raise UsageError(
                    "the start and the end of a rule need a time zone, e.g. 2026-07-01T12:00:00Z"
                )
            if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
                raise UsageError(f"a rule starts and ends in the years {FIRST_YEAR} to {LAST_YEAR}")
        if self.starts is not None and self.ends is not None and self.ends <= self.starts:
            raise UsageError(
                f"the rule would end at {self.ends.isoformat()}, which is not after its start at "
                f"{self.starts.isoformat()}"
            )

    @property
    def scope(self) -> str:
        """For what it holds, in words."""
        if self.query_product_id is not None:
            return f"product {self.query_product_id}"
        return "everywhere" if self.query_category is None else f"category {self.query_category}"

    @property
    def specific(self) -> int:
        """2 for one query product, 1 for a category, 0 for everywhere: the more specific rule wins."""
        return 2 if self.query_product_id is not None else int(self.query_category is not None)

    def holds(self, now: datetime) -> bool:
        """Whether the moment lies between start and end."""
        return (self.starts is None or self.starts <= now) and (self.ends is None or now < self.ends)

    def over(self, now: datetime) -> bool:
        """Whether the end has passed."""
        return self.ends is not None and self.ends <= now

    def collides(self, other: Terms) -> bool:
        """Whether two pins want one position of the same answers at the same time."""
        return (
            self.action == other.action == "pin"
            and (self.position, self.query_product_id, self.query_category)
            == (other.position, other.query_product_id, other.query_category)
            and ("both" in (self.surface, other.surface) or self.surface == other.surface)
            and (self.ends is None or other.starts is None or other.starts < self.ends)
            and (other.ends is None or self.starts is None or self.starts < other.ends)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was not taken back. who: ordered it, ``at``: when. change_id: the entry to undo."""

    rule_id: int
    terms: Terms
    who: str
    at: datetime
    change_id: int


@dataclass(frozen=True, slots=True)
class RuleChange:
    """An entry of the history: a rule was added or removed, by whom and when.

    undoes: the entry that this one reverts, or None. undone: whether a later entry reverts it.
    """

    change_id: int
    rule_id: int
    kind: Kind
    who: str
    at: datetime
    undoes: int | None
    undone: bool
    terms: Terms

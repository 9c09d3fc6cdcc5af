"""The controls of a search by looks on a page: aspect sliders, diversity, stock, look-alikes only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi import Request

from data.errors import UsageError
from service.requests import AUTO, Auto

PREFIX = "aspect-"
STEPS = 100
MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Slider:
    """One aspect's slider: its place now and by default, in hundredths."""

    name: str
    value: int
    default: int

    @property
    def field(self) -> str:
        """The name of the field in a form and in an address."""
        return PREFIX + self.name


@dataclass(frozen=True, slots=True)
class Looks:
    """How the hits on a page are asked for.

    sliders: one for each aspect of the shop's embedder. diversity: in hundredths. stock: only what is in
    stock. narrowed: a filter expression on top. calibrated: whether it is known from which cosine on a
    product looks alike. alike: only products above it are wanted; it does not hold while a slider stands
    elsewhere than by default. by_default: whether they are wanted where the address says nothing.
    """

    sliders: tuple[Slider, ...]
    diversity: int = 0
    stock: bool = False
    narrowed: str = ""
    calibrated: bool = False
    alike: bool = False
    by_default: bool = False

    @classmethod
    def of(
        cls,
        request: Request,
        shares: Mapping[str, float],
        calibrated: bool = False,
        by_default: bool = False,
        moved: bool = True,
    ) -> Looks:
        """The controls as a page's address sets them. Raises UsageError for what is not a number.

        moved: False leaves the sliders as they are by default, whatever the address says of them.
        """
        given = request.query_params
        places = given if moved else {}
        sliders = []
        for name, share in shares.items():
            default = round(share * STEPS)
            sliders.append(Slider(name, _whole(places.get(PREFIX + name), default), default))
        stock = given.get("stock", "") not in ("", "0")
        # A form leaves out a box that is not ticked, so the last of several values counts: 0, then 1.
        alike = given.get("alike", "1" if by_default else "") not in ("", "0")
        diversity = _whole(places.get("diversity"), 0)
        narrowed = given.get("where", "").strip()
        return cls(tuple(sliders), diversity, stock, narrowed, calibrated, alike and calibrated, by_default)

    def uncalibrated(self) -> Looks:
        """The same without the choice of look-alikes only, for searches whose scores are not calibrated."""
        return replace(self, calibrated=False, alike=False)

    @property
    def aspects(self) -> dict[str, float] | None:
        """Weights for the search; None while every slider stands at its default."""
        if all(s.value == s.default for s in self.sliders):
            return None
        return {s.name: s.value / STEPS for s in self.sliders}

    @property
    def min_score(self) -> Auto | None:
        """The least score of the search."""
        return AUTO if self.alike and self.aspects is None else None

    @property
    def where(self) -> str | None:
        """The filter of the search."""
        parts = [*(["in_stock"] if self.stock else []), *([f"({self.narrowed})"] if self.narrowed else [])]
        return " and ".join(parts) or None

    def as_query(self) -> dict[str, object]:
        """The controls that stand elsewhere than by default, as they stand in an address."""
        moved: dict[str, object] = {s.field: str(s.value) for s in self.sliders if s.value != s.default}
        moved["diversity"] = str(self.diversity) if self.diversity else ""
        moved["stock"] = "1" if self.stock else ""
        if self.calibrated and self.alike != self.by_default:
            moved["alike"] = "1" if self.alike else "0"
        moved["where"] = self.narrowed
        return moved


def _whole(text: str | None, default: int) -> int:
    if text is None or not text.strip():
        return default
    if not text.isascii() or not text.isdigit() or len(text) > MOST_DIGITS or int(text) > STEPS:
        raise UsageError(f"a slider stands between 0 and {STEPS}, not at {text[:20]!r}")
    return int(text)

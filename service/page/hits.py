"""What the pages with hits have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request

from data.errors import UsageError
from service.answers import Json, SimilarAnswer
from service.engine import Engine
from service.page.looks import Looks
from service.requests import SimilarRequest

HITS = 24
NOTHING = "Nothing fits."


@dataclass(frozen=True, slots=True)
class Found:
    """Controls with what they found. reason: what to say where there is no hit. problem: what is wrong with
    the controls, or None; with one there are no hits."""

    looks: Looks
    hits: list[Json] = field(default_factory=list)
    reason: str = NOTHING
    problem: str | None = None

    @property
    def status(self) -> int:
        """The status of the page that shows it."""
        return 422 if self.problem else 200


def found(
    request: Request, engine: Engine, ask: Callable[[Looks], SimilarRequest], calibrated: bool = True
) -> Found:
    """What a search finds as the address sets its controls.

    A slip in them is told beside them, so that it can be mended. calibrated: whether the scores of this
    search can be. Raises what ``Engine.similar`` does of a shop.
    """
    looks, problem = settled(request, engine)
    looks = looks if calibrated else looks.uncalibrated()
    if problem is not None:
        return Found(looks, problem=problem)
    try:
        answer = engine.similar(ask(looks))
    except UsageError as error:
        return Found(looks, problem=error.message)
    return Found(looks, answer.hits, nothing(answer))


def settled(request: Request, engine: Engine, alike: bool = False) -> tuple[Looks, str | None]:
    """The controls as the address sets them, and None; or with all sliders by default, and what is wrong."""
    try:
        return controls(request, engine, alike), None
    except UsageError as error:
        return controls(request, engine, alike, moved=False), error.message


def controls(request: Request, engine: Engine, alike: bool = False, moved: bool = True) -> Looks:
    """The controls of a search as the address sets them.

    alike: whether only look-alikes are wanted where it says nothing. moved: see ``Looks.of``. Raises
    EmptyShop, UsageError.
    """
    return Looks.of(request, engine.aspects(), engine.calibration() is not None, alike, moved)


def nothing(answer: SimilarAnswer) -> str:
    """What to say where there is no hit."""
    return " ".join(f"{text[:1].upper()}{text[1:]}." for text in answer.warnings) or NOTHING

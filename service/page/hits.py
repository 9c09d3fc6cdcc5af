"""What the pages with hits have in common."""

from __future__ import annotations

from fastapi import Request

from service.answers import SimilarAnswer
from service.engine import Engine
from service.page.looks import Looks

HITS = 24
NOTHING = "Nothing fits."


def controls(request: Request, engine: Engine, alike: bool = False) -> Looks:
    """The controls of a search as the address sets them.

    alike: whether only look-alikes are wanted where it says nothing. Raises EmptyShop, UsageError.
    """
    return Looks.of(request, engine.aspects(), engine.calibration() is not None, alike)


def nothing(answer: SimilarAnswer) -> str:
    """What to say where there is no hit."""
    return " ".join(f"{text[:1].upper()}{text[1:]}." for text in answer.warnings) or NOTHING

"""The page about the demo cannot drift from the code: its dials, its counts, its example."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import datetime
from pathlib import Path

from data.demo import Dials
from data.demo.palette import COLOURS
from data.demo.vocabulary import CATEGORIES, MATERIALS, PATTERNS

PAGE = (Path(__file__).parents[3] / "docs" / "demo.md").read_text(encoding="utf-8")


def test_every_dial_is_published_with_its_default() -> None:
    dials = Dials()
    for field in fields(dials):
        if field.name in ("start", "days"):
            continue
        assert f"| `{field.name}` | {getattr(dials, field.name)} |" in PAGE, field.name
    start = dials.start
    assert isinstance(start, datetime)
    assert f"| `start`, `days` | {start.date().isoformat()}, {dials.days} |" in PAGE


def test_counts_and_names_are_right() -> None:
    assert f"{len(CATEGORIES)} categories" in PAGE
    assert f"{len(COLOURS)} named colours, {len(PATTERNS)} patterns" in PAGE.replace("in 14", "14")
    assert f"{len(MATERIALS)} materials" in PAGE
    assert all(name in PAGE for name in (*CATEGORIES, *PATTERNS))


def test_the_drawing_example_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    scope: dict[str, object] = {}
    exec(next(block for block in blocks if "draw_product" in block), scope)
    photo = scope["photo"]
    assert getattr(photo, "shape", None) == (224, 224, 3)

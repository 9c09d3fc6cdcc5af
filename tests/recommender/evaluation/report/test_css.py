"""The page's colours in light and dark: what is written can be read on what it is written on."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from recommender.evaluation.report.document import HOME

CSS = (files(HOME) / "page" / "report.css").read_text(encoding="utf-8")
TEXTS = ("ink", "soft", "accent", "warn", "better", "worse", "ours")
LEAST = 4.5  # WCAG 2.2, 1.4.3: contrast of texts
SHADED = 0.55  # the most of the shade that a cell's ground is mixed of


def colours(theme: str) -> dict[str, str]:
    """Variable → colour, of the theme."""
    light, dark = CSS.split("@media screen and (prefers-color-scheme: dark)", 1)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light.split("}", 1)[0]))
    return found if theme == "light" else {**found, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark))}


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def contrast(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    def luminance(colour: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_can_be_read_on_what_they_stand_on(theme: str) -> None:
    of = colours(theme)
    pairs = [(text, ground) for text in TEXTS for ground in ("paper", "raised")]
    pairs += [("warn", "warn-paper"), ("raised", "warn"), ("ink", "tile"), ("soft", "tile")]
    poor = {pair: round(contrast(*(rgb(of[name]) for name in pair)), 2) for pair in pairs}
    assert {pair: value for pair, value in poor.items() if value < LEAST} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_shaded_cell_can_be_read(theme: str) -> None:
    of = colours(theme)
    ground = tuple(
        SHADED * shade + (1 - SHADED) * raised
        for shade, raised in zip(rgb(of["shade"]), rgb(of["raised"]), strict=True)
    )
    assert contrast(rgb(of["ink"]), ground) >= LEAST


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_raised_surfaces_stand_out(theme: str) -> None:
    of = {name: rgb(colour) for name, colour in colours(theme).items()}
    assert of["raised"] > of["paper"], "what is raised is lighter in either theme"
    assert contrast(of["line"], of["raised"]) >= 1.25
    assert contrast(of["line"], of["paper"]) >= 1.25

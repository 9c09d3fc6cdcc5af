from __future__ import annotations

import re
from importlib.resources import files

from recommender.evaluation.report.marks import FAMILIES, mark_of
from recommender.models.kinds import BY_NAME
from recommender.settings import MODELS


def test_no_two_models_look_the_same() -> None:
    names = [*BY_NAME, "vitrine"]
    assert len({(mark.family, mark.shape) for mark in map(mark_of, names)}) == len(names)
    assert "others" not in {mark_of(name).family for name in names}


def test_the_usual_models_differ_in_shape_as_well_as_in_colour() -> None:
    marks = [mark_of(name) for name in MODELS]
    assert len({mark.shape for mark in marks}) == len({mark.colour for mark in marks}) == len(MODELS)


def test_an_unknown_model_keeps_its_mark() -> None:
    assert mark_of("a model of tomorrow") == mark_of("a model of tomorrow")
    assert mark_of("a model of tomorrow").family == "others"


def test_the_page_has_every_colour_on_light_and_on_dark() -> None:
    css = (files("recommender.evaluation.report") / "page" / "report.css").read_text("utf-8")
    for family in (*FAMILIES, "ours", "others"):
        values = re.findall(rf"--of-{family}: (#[0-9a-f]{{6}});", css)
        assert len(set(values)) == 2, family

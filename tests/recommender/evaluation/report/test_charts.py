from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from recommender.evaluation.report.charts import Band, Line, Spot, dot_chart, forest, scatter, stacked
from recommender.evaluation.report.marks import mark_of
from recommender.evaluation.report.svg import Point, sign, ticks

MARK = mark_of("popularity")
NOTHING = Point(math.nan, math.nan, math.nan)
BANDS = [Band("one", "#111", "#fff"), Band("two", "#222", "#fff")]


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0, 1) == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    assert ticks(-0.03, 0.03) == pytest.approx([-0.02, 0, 0.02])
    assert ticks(2, 2) == [2]


@pytest.mark.parametrize(
    "drawing",
    [
        dot_chart("a <b>", ["@5", "@10"], [Line("m & n", MARK, [Point(0.1, 0.0, 0.2), None])], joined=True),
        dot_chart("no interval", ["@5"], [Line("m", MARK, [Point(0.1, math.nan, math.nan)])], joined=True),
        dot_chart("empty", [], [], joined=False),
        dot_chart("roots", ["a"], [Line("m", MARK, [Point(0.5, 0.4, 0.6)])], joined=True, rooted=True),
        forest("d", [("x", Point(0.1, -0.1, 0.3)), ("y", Point(0, 0, 0))], ("left", "right")),
        forest("one that does not exist", [("x", NOTHING)], ("left", "right")),
        forest("none", [], ("left", "right")),
        stacked("s", [("row", [0.25, 0.75])], BANDS),
        scatter("a <b>", ("x & y", "z"), [Spot("m <n>", MARK, 0.4, Point(0.1, 0.0, 0.2))]),
        scatter("all in one place", ("x", "y"), [Spot(f"m{i}", MARK, 0.0, Point(0, 0, 0)) for i in range(9)]),
        scatter("empty", ("x", "y"), []),
    ],
)
def test_drawings_are_xml_and_escape_their_words(drawing: str) -> None:
    root = ElementTree.fromstring(drawing)
    assert root.tag == "svg"
    assert "nan" not in drawing


@pytest.mark.parametrize("name", ["random", "popularity", "item-knn", "als", "looks", "gru", "vitrine"])
def test_every_mark_is_a_shape_with_a_tooltip(name: str) -> None:
    shape = ElementTree.fromstring(sign(1, 2, mark_of(name), 4, "a < b"))
    assert shape.tag in ("circle", "polygon")
    assert shape.findtext("title") == "a < b"


@pytest.mark.parametrize("rooted", [False, True])
def test_a_higher_value_is_drawn_higher(rooted: bool) -> None:
    points = [Point(0.1, 0.1, 0.1), Point(0.4, 0.4, 0.4)]
    drawing = dot_chart("c", ["a", "b"], [Line("m", MARK, points)], True, rooted)
    circles = ElementTree.fromstring(drawing).findall("circle")
    low, high = (float(c.attrib["cy"]) for c in circles)
    assert high < low
    assert float(circles[0].attrib["cx"]) < float(circles[1].attrib["cx"])


def test_a_better_model_stands_right_of_zero_in_a_forest() -> None:
    rows = [
        ("worse", Point(-0.2, -0.3, -0.1)),
        ("alike", Point(0, -0.1, 0.1)),
        ("better", Point(0.2, 0.1, 0.3)),
    ]
    circles = ElementTree.fromstring(forest("f", rows, ("l", "r"))).findall("circle")
    worse, alike, better = (float(c.attrib["cx"]) for c in circles)
    assert worse < alike < better
    assert better - alike == pytest.approx(alike - worse, abs=0.2)
    assert len({c.attrib["fill"] for c in circles}) == 3


def test_shares_are_widths() -> None:
    root = ElementTree.fromstring(stacked("s", [("row", [0.25, 0.75])], BANDS))
    bars = [r for r in root.findall("rect") if "row" in str(r.findtext("title"))]
    one, two = (float(bar.attrib["width"]) for bar in bars)
    assert (two + 1) / (one + 1) == pytest.approx(3.0, abs=0.05)


def test_names_in_a_scatter_do_not_cover_each_other() -> None:
    spots = [Spot(f"model {i}", MARK, 0.5, Point(0.3 + i / 1000, 0.3, 0.31)) for i in range(4)]
    texts = ElementTree.fromstring(scatter("s", ("x", "y"), spots)).findall("text")
    places = [(float(t.attrib["x"]), float(t.attrib["y"])) for t in texts if str(t.text).startswith("model")]
    assert len(places) == 4
    for at, one in enumerate(places):
        for other in places[at + 1 :]:
            assert abs(one[0] - other[0]) > 20 or abs(one[1] - other[1]) > 9

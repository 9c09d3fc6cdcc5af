from __future__ import annotations

from xml.etree import ElementTree

import pytest

from recommender.evaluation.svg import Line, Point, dot_chart, forest, stacked, ticks


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0, 1) == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    assert ticks(-0.03, 0.03) == pytest.approx([-0.02, 0, 0.02])
    assert ticks(2, 2) == [2]


@pytest.mark.parametrize(
    "drawing",
    [
        dot_chart("a <b>", ["@5", "@10"], [Line("m & n", "#000", [Point(0.1, 0.0, 0.2), None])], joined=True),
        dot_chart("empty", [], [], joined=False),
        forest("d", [("x", Point(0.1, -0.1, 0.3)), ("y", Point(0, 0, 0))], ("left", "right")),
        forest("none", [], ("left", "right")),
        stacked("s", [("row", [0.25, 0.75])], [("one", "#111"), ("two", "#222")]),
    ],
)
def test_drawings_are_xml_and_escape_their_words(drawing: str) -> None:
    root = ElementTree.fromstring(drawing)
    assert root.tag == "svg"
    assert "nan" not in drawing


def test_a_higher_value_is_drawn_higher() -> None:
    drawing = dot_chart(
        "c", ["a", "b"], [Line("m", "#123456", [Point(0.1, 0.1, 0.1), Point(0.4, 0.4, 0.4)])], True
    )
    circles = ElementTree.fromstring(drawing).findall("circle")
    low, high = (float(c.attrib["cy"]) for c in circles)
    assert high < low
    assert float(circles[0].attrib["cx"]) < float(circles[1].attrib["cx"])


def test_shares_are_widths() -> None:
    root = ElementTree.fromstring(stacked("s", [("row", [0.25, 0.75])], [("one", "#111"), ("two", "#222")]))
    bars = [r for r in root.findall("rect") if r.find("title") is not None]
    one, two = (float(bar.attrib["width"]) for bar in bars)
    assert (two + 1) / (one + 1) == pytest.approx(3.0, abs=0.05)

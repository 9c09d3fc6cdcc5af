"""The page of where the time went: every stage, nothing from outside, and no word of a file as markup."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from data.errors import UsageError
from service.profile_page import Profile, Stage, check_target, drawing, page, write_profile

PROFILE = Profile(
    "1,200 photos <b>indexed</b>",
    "vitrine index <catalogue>.csv",
    10.0,
    (
        Stage("decode", 15.0, waited=4.0, threads=2, count=1200, unit="photos"),
        Stage("resize", 5.0, inside="decode", threads=2, count=1200, unit="photos"),
        Stage("write", 0.05),
    ),
    ("A note.",),
)


def test_the_page_names_every_stage_with_its_seconds_its_share_and_its_wait() -> None:
    text = page(PROFILE)
    for said in ("decode", "15.0 s", "75%", "4.00 s", "1,200 photos", "12.5 ms", "in decode", "50.0 ms"):
        assert said in text
    assert "A note." in text
    assert "report.json" not in text


def test_the_page_refers_to_nothing_outside_itself_and_takes_no_word_as_markup() -> None:
    text = page(PROFILE)
    addresses = re.findall(r"https?://[^\"'\s<]+", text)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}  # a name, not an address that is asked
    assert not re.search(r"<(script|link|img|iframe)\b", text)
    assert "<b>indexed" not in text
    assert "<catalogue>" not in text


def test_the_bars_are_as_long_as_the_seconds() -> None:
    root = ElementTree.fromstring(drawing(PROFILE))  # well-formed, or this fails
    widths = [float(rect.get("width", "0")) for rect in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(widths) == 6
    assert widths[0] / widths[2] == pytest.approx(3.0, rel=0.01)
    assert widths[1] / widths[0] == pytest.approx(4 / 15, rel=0.01)


def test_a_command_without_stages_has_a_page_too() -> None:
    assert "0.00" not in page(Profile("nothing", "vitrine index", 0.0, ()))


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        check_target(tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        check_target(tmp_path / "none" / "profile.html")
    check_target(tmp_path / "profile.html")
    write_profile(tmp_path / "profile.html", PROFILE)
    assert (tmp_path / "profile.html").read_text(encoding="utf-8").startswith("<!doctype html>")

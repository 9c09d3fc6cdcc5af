from __future__ import annotations

import pytest

from recommender.stopwatch import Stopwatch, stage, stage_told


def test_stages_add_up_by_name_with_their_parts() -> None:
    watch = Stopwatch()
    with watch.running():
        for name in ("a", "b", "a"):
            with stage("fit", name, 2, "models"):
                pass
        with stage("report"):
            pass
    assert list(watch.laps) == ["fit", "report"]
    fit = watch.laps["fit"]
    assert {name: lap.count for name, lap in fit.parts.items()} == {"a": 4, "b": 2}
    assert (fit.count, fit.unit) == (6, "models")
    assert fit.seconds == pytest.approx(sum(lap.seconds for lap in fit.parts.values()))
    assert fit.seconds > 0


def test_what_is_told_names_the_parts_and_is_passed_on() -> None:
    watch, heard = Stopwatch(), list[str]()
    with watch.running(), stage_told("tune", heard.append) as tell:
        for words in ("one", "two", "one"):
            tell(words)
    lap = watch.laps["tune"]
    assert heard == ["one", "two", "one"]
    assert list(lap.parts) == ["one", "two"]
    assert lap.seconds >= sum(part.seconds for part in lap.parts.values())


def test_a_stage_that_fails_is_timed_too() -> None:
    watch = Stopwatch()
    with pytest.raises(ValueError, match="no"), watch.running(), stage("fit"):
        raise ValueError("no")
    assert watch.laps["fit"].seconds > 0


def test_nobody_listens_before_and_after() -> None:
    watch, heard = Stopwatch(), list[str]()
    with stage("before"):
        pass
    with watch.running():
        pass
    with stage("after"), stage_told("then", heard.append) as tell:
        tell("words")
    assert (watch.laps, heard) == ({}, ["words"])

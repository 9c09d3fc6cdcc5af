"""Negative transfer: planted in each of its four forms, and absent."""

from __future__ import annotations

import numpy as np

from embedder.comparing.grid import Cell
from embedder.comparing.judging import against_frozen, against_scratch, by_class, elsewhere
from embedder.comparing.negative import Finding, findings
from embedder.comparing.scores import Scores
from embedder.finetuning.examples import Task
from tests.embedder.comparing.planted import (
    FIXED,
    FROZEN,
    FULL,
    SCRATCH,
    Values,
    design,
    entry,
    noisy,
    scored,
)

TASK = Task("kind", ("a", "b"), np.repeat([0, 1], 30), 0, 0)


def judged(values: Values) -> dict[str, Finding]:
    wanted = design(("fixed", "full", "scratch"), also=("tone",))
    found: Scores = scored(values)
    classes = {
        entry(cell): by_class(found, entry(cell), TASK) for cell in (FIXED, FULL) if cell in found.results
    }
    tests = (against_frozen(wanted, found), against_scratch(wanted, found), elsewhere(wanted, found))
    return {finding.kind: finding for finding in findings(*tests, classes)}


def planted(**gains: float) -> Values:
    """kind and tone of full above frozen, kind of scratch above frozen."""
    return {
        FROZEN: {"kind": noisy(0.5), "tone": noisy(0.6)},
        FULL: {"kind": noisy(0.5 + gains.get("kind", 0.1)), "tone": noisy(0.6 + gains.get("tone", 0.0))},
        SCRATCH: {"kind": noisy(0.5 + gains.get("scratch", -0.2)), "tone": noisy(0.1)},
    }


def test_nothing_is_found_where_everything_got_better() -> None:
    found = judged(planted(tone=0.02))
    assert [finding.negative for finding in found.values()] == [False] * 4
    assert found["frozen"].text == "No: no significant loss in 1 paired test."


def test_worse_than_frozen_is_found_and_scratch_being_worse_is_not_it() -> None:
    found = judged(planted(kind=-0.05))
    assert found["frozen"].negative is True
    assert "full at 100 % is worse than frozen on kind (-0.050" in found["frozen"].text
    assert "scratch" not in found["frozen"].text
    assert found["classes"].negative is True


def test_worse_than_scratch_is_found() -> None:
    found = judged(planted(kind=0.1, scratch=0.2))
    assert found["frozen"].negative is False
    assert found["scratch"].negative is True
    assert [test.entry.words for test in found["scratch"].losses] == ["full at 100 %"]


def test_a_label_that_was_not_asked_for_and_got_worse_is_found() -> None:
    found = judged(planted(tone=-0.1))
    assert found["elsewhere"].negative is True
    assert "full at 100 % got worse on tone (-0.100" in found["elsewhere"].text


def test_a_class_that_got_worse_is_found_although_the_mean_got_better() -> None:
    values = planted()
    after = np.asarray(noisy(0.5)) + np.where(TASK.targets == 0, 0.3, -0.1)
    values = {**values, FULL: {"kind": list(after), "tone": noisy(0.6)}}
    found = judged(values)
    assert found["frozen"].negative is False
    assert found["classes"].negative is True
    assert "1 of 2 classes are lower, 1 significantly: b (-0.100)" in found["classes"].text


def test_what_is_made_of_fine_tuned_ones_is_asked_too() -> None:
    wanted = design(("partial", "full", "soup", "scratch"), also=("tone",))
    soup = Cell("soup", 100.0, 7)
    found = scored({**planted(), soup: {"kind": noisy(0.2), "tone": noisy(0.5)}})
    families = (against_frozen(wanted, found), against_scratch(wanted, found), elsewhere(wanted, found))
    told = {finding.kind: finding for finding in findings(*families, {})}
    for kind in ("frozen", "scratch", "elsewhere"):
        assert [test.entry.words for test in told[kind].losses] == ["soup at 100 %"]


def test_what_was_not_run_is_not_called_harmless() -> None:
    found = judged({FROZEN: {"kind": noisy(0.5), "tone": noisy(0.6)}})
    assert [finding.negative for finding in found.values()] == [None] * 4
    assert all(finding.text.startswith("Not tested") for finding in found.values())

"""Holm's correction and the paired tests, against cases worked by hand and planted differences."""

from __future__ import annotations

import numpy as np
import pytest

from embedder.comparing.grid import Cell, Entry
from embedder.comparing.judging import against_frozen, against_scratch, by_class, elsewhere, holm
from embedder.finetuning.examples import Task
from tests.embedder.comparing.planted import FIXED, FROZEN, FULL, SCRATCH, N, design, noisy, scored


def test_holm_agrees_with_a_case_worked_by_hand() -> None:
    # Sorted .005, .01, .03, .04 times 4, 3, 2, 1 is .02, .03, .06, .04; none may be below the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_holm_stops_at_one_and_leaves_a_single_test_alone() -> None:
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([0.04]) == (0.04,)
    assert holm([]) == ()


def test_a_constant_gain_is_found_and_noise_is_not() -> None:
    wanted = design(("fixed", "full"))
    found = scored(
        {
            FROZEN: {"kind": noisy(0.5)},
            FIXED: {"kind": noisy(0.55)},
            FULL: {"kind": noisy(0.5, seed=1)},
        }
    )
    gained, nothing = against_frozen(wanted, found)
    assert (gained.entry, gained.better) == (Entry("fixed", 100.0), True)
    assert gained.difference.mean == pytest.approx(0.05)
    assert gained.difference.low == pytest.approx(0.05)
    assert nothing.better is None


def test_asking_many_questions_makes_a_doubtful_answer_no_answer() -> None:
    draw = np.random.default_rng(3)
    frozen = noisy(0.5)
    weak = [v + d for v, d in zip(frozen, draw.normal(0.012, 0.04, N), strict=True)]
    alone = scored({FROZEN: {"kind": frozen}, FIXED: {"kind": weak}})
    (single,) = against_frozen(design(("fixed",)), alone)
    assert single.better is True
    shares = tuple(float(s) for s in range(1, 21))
    cells = {Cell("full", s, 7): {"kind": noisy(0.5, seed=int(s))} for s in shares}
    many = scored({FROZEN: {"kind": frozen}, Cell("fixed", 20.0, 7): {"kind": weak}, **cells})
    first = against_frozen(design(("fixed", "full"), shares), many)[0]
    assert first.difference == single.difference
    assert first.better is None


def test_only_seeds_of_both_are_compared() -> None:
    found = scored(
        {
            FROZEN: {"kind": noisy(0.5)},
            Cell("full", 100.0, 7): {"kind": noisy(0.6)},
            Cell("scratch", 100.0, 7): {"kind": noisy(0.7)},
            Cell("scratch", 100.0, 8): {"kind": noisy(0.1)},
        }
    )
    (test,) = against_scratch(design(("full", "scratch"), seeds=2), found)
    assert test.difference.mean == pytest.approx(-0.1)
    assert test.better is False


def test_scratch_is_no_transfer_and_what_was_not_run_is_not_tested() -> None:
    found = scored({FROZEN: {"kind": noisy(0.5), "tone": noisy(0.5)}, SCRATCH: {"kind": noisy(0.1)}})
    assert against_scratch(design(("full", "scratch")), found) == ()
    assert elsewhere(design(("scratch",), also=("tone",)), found) == ()


def test_classes_are_tested_one_by_one() -> None:
    targets = np.repeat([0, 1, 2], 20)
    before = np.asarray(noisy(0.5))
    after = before + np.select([targets == 0, targets == 1], [0.1, -0.1], 0.0)
    found = scored({FROZEN: {"kind": list(before)}, FULL: {"kind": list(after)}})
    tests = by_class(found, Entry("full", 100.0), Task("kind", ("a", "b", "c"), targets, 0, 0))
    assert [(test.value, test.better) for test in tests] == [("a", True), ("b", False), ("c", None)]
    assert [test.difference.products for test in tests] == [20, 20, 20]

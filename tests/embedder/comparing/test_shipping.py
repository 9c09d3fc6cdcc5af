"""The verdict: what to ship, from planted values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from embedder.comparing.grid import Cell
from embedder.comparing.shipping import Verdict, verdict
from tests.embedder.comparing.planted import (
    FIXED,
    FROZEN,
    FULL,
    PARTIAL,
    Values,
    design,
    evidence,
    noisy,
    scored,
)

METHODS = ("fixed", "partial", "full")


def said(values: Values) -> Verdict:
    return verdict(evidence(design(METHODS), scored(values)))


def test_the_best_is_shipped_where_it_can_be_told_from_the_rest() -> None:
    found = said(
        {
            FROZEN: {"kind": noisy(0.5)},
            FIXED: {"kind": noisy(0.55)},
            PARTIAL: {"kind": noisy(0.4)},
            FULL: {"kind": noisy(0.65)},
        }
    )
    assert (found.ship, found.better) == ("full", True)
    assert found.text == "Ship full: it is significantly better than the frozen embedder"
    assert "better than frozen as well: fixed at 100 %" in found.reasons


def test_the_cheaper_one_is_shipped_where_the_best_cannot_be_told_from_it() -> None:
    found = said(
        {
            FROZEN: {"kind": noisy(0.5)},
            FIXED: {"kind": noisy(0.6, seed=1)},
            FULL: {"kind": noisy(0.601, seed=2)},
        }
    )
    assert found.ship == "fixed"
    assert any("full has the highest mean" in reason for reason in found.reasons)
    assert "not finished, so not part of this verdict: partial at 100 %" in found.reasons


def test_a_mixture_is_shipped_only_where_it_can_be_told_from_what_costs_less() -> None:
    wanted = design(("partial", "full", "soup", "joined"))
    soup, joined = Cell("soup", 100.0, 7), Cell("joined", 100.0, 7)
    values: Values = {
        FROZEN: {"kind": noisy(0.5)},
        FULL: {"kind": noisy(0.6, seed=1)},
        soup: {"kind": noisy(0.601, seed=2)},
        joined: {"kind": noisy(0.6, seed=3)},
    }
    assert verdict(evidence(wanted, scored(values))).ship == "full"
    values = {**values, soup: {"kind": noisy(0.7)}, joined: {"kind": noisy(0.7, seed=3)}}
    assert verdict(evidence(wanted, scored(values))).ship == "soup"
    values = {**values, joined: {"kind": noisy(0.8)}}
    assert verdict(evidence(wanted, scored(values))).ship == "joined"


def test_frozen_is_kept_where_nothing_is_significantly_better() -> None:
    found = said({FROZEN: {"kind": noisy(0.5)}, FIXED: {"kind": noisy(0.502, seed=1)}})
    assert (found.ship, found.better) == ("frozen", None)


def test_frozen_is_kept_where_everything_is_worse_and_it_is_said() -> None:
    found = said({FROZEN: {"kind": noisy(0.5)}, FIXED: {"kind": noisy(0.4)}, FULL: {"kind": noisy(0.3)}})
    assert (found.ship, found.better) == ("frozen", False)
    assert "every fine-tuned one is significantly worse" in found.text


def test_a_gain_on_one_label_does_not_pay_for_a_loss_on_another() -> None:
    both = design(("full",))
    goal = replace(both.settings.goal, labels=("kind", "tone"))
    both = replace(both, settings=replace(both.settings, goal=goal))
    values: Values = {
        FROZEN: {"kind": noisy(0.5), "tone": noisy(0.5)},
        FULL: {"kind": noisy(0.9), "tone": noisy(0.4)},
    }
    assert verdict(evidence(both, scored(values))).ship == "frozen"


def test_small_photos_do_not_win_over_what_the_shop_has_already() -> None:
    wanted = replace(design(("full", "indexed")))
    settings = replace(wanted.settings, batches=replace(wanted.settings.batches, side=64))
    wanted = replace(wanted, settings=settings)
    values: Values = {
        FROZEN: {"kind": noisy(0.5)},
        Cell("indexed"): {"kind": noisy(0.7)},
        FULL: {"kind": noisy(0.6)},
    }
    found = verdict(evidence(wanted, scored(values)))
    assert (found.ship, found.better) == ("indexed", None)
    assert "compare again without --side" in found.reasons[0]
    values = {**values, FULL: {"kind": noisy(0.8)}}
    assert verdict(evidence(wanted, scored(values))).ship == "full"


def test_fewer_labels_that_suffice_are_told() -> None:
    wanted = design(("fixed",), shares=(5.0, 25.0, 100.0))
    values: Values = {
        FROZEN: {"kind": noisy(0.5)},
        Cell("fixed", 5.0, 7): {"kind": noisy(0.5, seed=1)},
        Cell("fixed", 25.0, 7): {"kind": noisy(0.55)},
        FIXED: {"kind": noisy(0.6)},
    }
    found = verdict(evidence(wanted, scored(values)))
    assert "already better than frozen with fewer labels: fixed from 25 %" in found.reasons


@pytest.mark.parametrize("values", [{}, {FROZEN: {"kind": noisy(0.5)}}])
def test_nothing_is_said_on_nothing(values: Values) -> None:
    found = said(values)
    assert (found.ship, found.better) == (None, None)

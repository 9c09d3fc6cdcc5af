"""Which cells there are, in which order, and what makes two of them different."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.errors import UsageError
from embedder.comparing.grid import FIXED_EPOCHS, METHODS, Cell, Design, design_of
from tests.embedder.comparing.planted import design


def test_cells_stop_anywhere_with_a_balanced_table() -> None:
    cells = design(("colour", "fixed", "full"), shares=(25.0, 1.0, 100.0), seeds=2).cells()
    assert [cell.words for cell in cells] == [
        "colour",
        "frozen",
        *[f"{m} at {s} %, seed {seed}" for seed in (7, 8) for s in (100, 1, 25) for m in ("fixed", "full")],
    ]


def test_frozen_is_always_compared_and_everything_else_only_where_it_was_named() -> None:
    assert design(("full",)).untrained == ("frozen",)
    assert {cell.method for cell in Design().cells()} == set(METHODS) - {"indexed", "snapshots"}


def test_what_is_made_of_trainings_comes_after_them_at_every_share_and_seed() -> None:
    wanted = design(("soup", "joined", "full", "partial", "fixed"), shares=(5.0, 100.0), seeds=2)
    methods = [cell.method for cell in wanted.cells()]
    assert methods == ["frozen", *["fixed", "partial", "full", "soup", "joined"] * 4]
    soup, joined = Cell("soup", 5.0, 8), Cell("joined", 5.0, 8)
    assert [cell.words for cell in wanted.members(soup)] == ["partial at 5 %, seed 8", "full at 5 %, seed 8"]
    assert [cell.method for cell in wanted.members(joined)] == ["fixed", "partial", "full"]
    assert wanted.members(Cell("full", 5.0, 8)) == ()
    assert [name for name in wanted.trained if wanted.is_member(Cell(name, 5.0, 8))] == [
        "fixed",
        "partial",
        "full",
    ]
    assert not wanted.whole
    assert Design().whole


def test_snapshots_are_full_with_a_cyclical_schedule_and_all_its_epochs() -> None:
    wanted = design(("full", "snapshots"))
    settings = replace(wanted.settings, regularisation=replace(wanted.settings.regularisation, patience=2))
    wanted = replace(wanted, settings=settings)
    full, found = (wanted.settings_of(Cell(name, 100.0, 7)) for name in ("full", "snapshots"))
    assert (found.optimisation.schedule, found.regularisation.patience) == ("cyclical", None)
    assert replace(found, optimisation=full.optimisation, regularisation=full.regularisation) == full


def test_only_fixed_is_given_other_settings_than_the_rest() -> None:
    wanted = design_of(("kind",), "shape", epochs=4, side=64)
    full, fixed = (wanted.settings_of(Cell(m, 100.0, 9)) for m in ("full", "fixed"))
    assert (full.batches.epochs, full.batches.side, full.seed) == (4, 64, 9)
    assert (fixed.batches.epochs, fixed.batches.side, fixed.seed) == (FIXED_EPOCHS, None, 9)
    assert fixed.augmentation.preset == "none"
    assert (full.goal, full.optimisation) == (fixed.goal, fixed.optimisation)
    scratch = wanted.settings_of(Cell("scratch", 100.0, 9))
    assert replace(scratch, transfer=full.transfer) == full


def test_a_single_epoch_lets_the_backbone_learn_too() -> None:
    settings = design_of(("kind",), "shape", epochs=1).settings_of(Cell("full", 100.0, 7))
    assert settings.transfer.head_epochs == 0


def test_a_digest_changes_with_all_that_could_change_the_result() -> None:
    plain, cell = design(("full",)), Cell("full", 100.0, 7)
    longer = design_of(("kind",), "shape", epochs=9)
    digests = [
        plain.digest(cell, "space", "data"),
        plain.digest(cell, "other", "data"),
        plain.digest(cell, "space", "other"),
        plain.digest(Cell("partial", 100.0, 7), "space", "data"),
        plain.digest(Cell("full", 25.0, 7), "space", "data"),
        plain.digest(Cell("full", 100.0, 8), "space", "data"),
        longer.digest(cell, "space", "data"),
        design_of(("kind",), "shape", side=64).digest(cell, "space", "data"),
        design_of(("kind",), "texture").digest(cell, "space", "data"),
    ]
    assert len(set(digests)) == len(digests)
    wider = design(("full", "fixed"), shares=(5.0, 100.0), seeds=4)
    assert wider.digest(cell, "space", "data") == digests[0]  # more cells leave those that there are


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"methods": ("magic",)}, "there is no method magic"),
        ({"shares": (0.0, 50.0)}, "per cent"),
        ({"shares": (101.0,)}, "per cent"),
        ({"seeds": 0}, "at least one seed"),
        ({"split": "random"}, "there is no split 'random'"),
        ({"methods": ("full", "soup")}, "soup is made of at least 2 of partial, full, progressive"),
        ({"methods": ("colour", "joined")}, "joined is made of at least 1 of fixed, partial"),
        (
            {"methods": ("snapshots",), "settings": design_of(("kind",), "shape", epochs=1).settings},
            "2 cycles or more",
        ),
        ({"also": ("kind",)}, "kind: a label is either learnt or only measured"),
    ],
)
def test_a_design_that_cannot_be_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        replace(design(("full",)), **change)  # type: ignore[arg-type]

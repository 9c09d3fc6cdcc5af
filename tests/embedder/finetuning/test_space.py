"""What a search varies: read from words, usual where none are given, refused where it cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from data.errors import UsageError
from embedder.finetuning.knobs import KNOBS, PAIRWISE, value_in
from embedder.finetuning.settings import Augmentation, Batches, Goal, Optimisation, Settings, Transfer
from embedder.finetuning.space import (
    Search,
    Varied,
    applied,
    check_space,
    check_used,
    own_values,
    read_space,
    told,
    usual_space,
)

FIXED = Settings(augmentation=Augmentation("none"))
FULL = Settings(Transfer("full"))


def test_every_knob_turns_a_setting_of_its_kind() -> None:
    for name, knob in KNOBS.items():
        value = value_in(FULL, name)
        assert value is None or type(value) is knob.kind, name


def test_pairwise_objectives_are_those_that_compare_photos() -> None:
    from embedder.finetuning import objectives

    assert PAIRWISE == objectives.PAIRWISE


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("rate", Varied("rate", 3e-5, 3e-3, log=True)),
        ("rate=1e-5:1e-3", Varied("rate", 1e-5, 1e-3, log=True)),
        ("--new_rate=0.001 : 0.1", Varied("new-rate", 1e-3, 1e-1, log=True)),
        ("weight-decay=0:0.1", Varied("weight-decay", 0.0, 0.1, log=False)),
        ("epochs=5:20", Varied("epochs", 5, 20)),
        ("dims", Varied("dims", choices=(64, 128, 256))),
        ("dims=16,32", Varied("dims", choices=(16, 32))),
        ("schedule=cosine, one-cycle", Varied("schedule", choices=("cosine", "one-cycle"))),
        ("swa=no,yes", Varied("swa", choices=(False, True))),
        ("balance", Varied("balance", choices=("none", "sampling", "weights"))),
        (
            "augment",
            Varied("augment", choices=("light-keep-colour", "standard-keep-colour", "strong-keep-colour")),
        ),
    ],
)
def test_words_are_read(text: str, wanted: Varied) -> None:
    assert read_space([text], FULL) == (wanted,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour", "there is no setting 'colour' to vary; there are strategy, frozen-stages"),
        ("rate=0:1e-3", "--vary rate cannot be 0: rates and clip must be above 0"),
        ("rate=1e-3:1e-5", r"--vary rate goes from a lower to a higher number, not 0\.001:1e-05"),
        ("rate=1e-5:1e-4:1e-3", "--vary rate goes from LOW:HIGH, not '1e-5:1e-4:1e-3'"),
        ("rate=fast,slow", "--vary rate takes numbers, not 'fast'"),
        ("rate=nan:1", "goes from a lower to a higher"),
        ("rate=", "--vary rate takes numbers, not ''"),
        ("dims=8.5,9", "--vary dims takes whole numbers, not '8.5'"),
        ("dims=1,64", "--vary dims cannot be 1: temperature must be above 0, dims at least 2"),
        (
            "rate=1e-3",
            "two different values or more to choose from, not 0.001; one alone is given with --rate",
        ),
        ("dims=64,64", "two different values or more"),
        (
            "schedule=cosine,fast",
            "--vary schedule cannot be fast: schedule 'fast' is none of cosine, constant",
        ),
        ("schedule=cosine:step", "--vary schedule has no range: name its values, as schedule=A,B"),
        ("swa=maybe,no", "--vary swa takes yes or no, not 'maybe'"),
        ("epochs", "say between what: --vary epochs=LOW:HIGH or --vary epochs=A,B"),
        ("frozen-stages", "--vary frozen-stages would do nothing with --strategy full; it needs partial"),
        ("cycles", "--vary cycles would do nothing with --schedule cosine; it needs cyclical"),
        (
            "memory",
            "--vary memory would do nothing with --objective normalised-softmax; it needs supervised-",
        ),
    ],
)
def test_what_cannot_be_varied_says_why(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_space([text], FULL)


@pytest.mark.parametrize("name", ["rate", "layer-decay", "augment", "side=64,96"])
def test_heads_on_vectors_have_no_backbone_to_vary(name: str) -> None:
    with pytest.raises(UsageError, match="would do nothing with --strategy fixed; it needs partial or full"):
        read_space([name], FIXED)


def test_what_does_nothing_alone_does_something_beside_what_it_needs() -> None:
    space = read_space(["schedule=cosine,cyclical", "cycles=2,4"], FULL)
    assert [varied.name for varied in space] == ["schedule", "cycles"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"trials": 0}, "at least 1"),
        ({"sampler": "best"}, "there is no sampler 'best'; there are tpe, random, grid"),
        ({"minutes": 0.0}, "more than 0 minutes"),
        ({"space": (Varied("dims", choices=(8, 16)), Varied("dims", choices=(8, 32)))}, "names dims twice"),
    ],
)
def test_a_search_checks_itself(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Search(**({"trials": 5} | more))


def test_usually_what_matters_most_is_varied() -> None:
    assert [v.name for v in usual_space(FIXED)] == [
        "new-rate",
        "temperature",
        "dims",
        "dropout",
        "weight-decay",
    ]
    assert [v.name for v in usual_space(FULL)] == [
        "rate",
        "layer-decay",
        "new-rate",
        "temperature",
        "dropout",
        "augment",
        "label-smoothing",
    ]
    triplets = replace(FULL, goal=Goal(objective="triplet-hard"))
    assert not {"temperature", "label-smoothing"} & {v.name for v in usual_space(triplets)}
    for settings in (FIXED, FULL, triplets):
        check_space(usual_space(settings), settings)


def test_the_settings_own_value_is_among_the_usual_ones() -> None:
    own = replace(FIXED, goal=Goal(dims=48))
    space = usual_space(own)
    assert next(v for v in space if v.name == "dims").choices == (48, 64, 128, 256)
    assert own_values(own, space) == {
        "new-rate": 3e-3,
        "temperature": 0.05,
        "dims": 48,
        "dropout": 0.0,
        "weight-decay": 1e-2,
    }
    assert own_values(replace(own, optimisation=Optimisation(new_rate=1.0)), space) is None


def test_values_are_put_into_the_settings_and_nothing_else_changes() -> None:
    changed = applied(FULL, {"rate": 1e-4, "new-rate": 1e-2, "augment": "street", "batch": 8})
    assert changed == replace(
        FULL,
        optimisation=replace(FULL.optimisation, rate=1e-4, new_rate=1e-2),
        augmentation=replace(FULL.augmentation, preset="street"),
        batches=replace(FULL.batches, photos=8),
    )
    with pytest.raises(UsageError, match="mixup and CutMix blend labels"):
        applied(FULL, {"objective": "triplet-hard", "mixup": 0.2})


def test_a_grid_takes_three_values_of_a_range() -> None:
    assert Varied("rate", 1e-5, 1e-3, log=True).steps() == pytest.approx((1e-5, 1e-4, 1e-3))
    assert Varied("dropout", 0.0, 0.5).steps() == (0.0, 0.25, 0.5)
    assert Varied("epochs", 5, 20).steps() == (5, 12, 20)
    assert Varied("epochs", 5, 6).steps() == (5, 6)
    assert Varied("dims", choices=(8, 16)).steps() == (8, 16)


def test_values_in_words() -> None:
    values = {"rate": 3.4567e-4, "dims": 128, "swa": True, "schedule": "cosine"}
    assert told(values) == "rate 0.000346, dims 128, swa yes, schedule cosine"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(goal=Goal(objective="arcface", label_smoothing=0.2)), r"--label-smoothing .* arcface"),
        (Settings(goal=Goal(objective="triplet-hard", temperature=0.2)), r"--temperature .* triplet-hard"),
        (Settings(batches=Batches(per_class=8)), r"--per-class .* --objective normalised-softmax"),
        (Settings(optimisation=Optimisation(cycles=5)), r"--cycles .* --schedule cosine"),
        (Settings(optimisation=Optimisation(rate=1e-3)), r"--rate .* --strategy fixed"),
        (Settings(Transfer(layer_decay=0.5)), r"--layer-decay .* --strategy fixed"),
        (Settings(Transfer("scratch", layer_decay=0.5)), r"--layer-decay .* --strategy scratch"),
        (
            Settings(Transfer("full", frozen_stages=2)),
            r"--frozen-stages .* full: leave it out; .* partial",
        ),
        (Settings(Transfer("partial", unfreeze_every=2)), r"--unfreeze-every .* --strategy partial"),
        (Settings(augmentation=Augmentation("light")), r"--augment .* --strategy fixed"),
    ],
)
def test_a_setting_that_does_nothing_is_refused(settings: Settings, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_used(settings)


def test_a_setting_that_does_something_or_is_the_usual_one_is_not() -> None:
    check_used(Settings())
    check_used(Settings(augmentation=Augmentation("none")))
    check_used(Settings(goal=Goal(objective="supervised-contrastive", temperature=0.2, memory=64)))
    check_used(Settings(Transfer("partial", 1, 0.5, head_epochs=2), Optimisation(rate=1e-3)))
    smooth = Settings(goal=Goal(objective="arcface", label_smoothing=0.2))
    check_used(smooth, read_space(["objective=arcface,cross-entropy"], smooth))

"""Settings check themselves, survive JSON, and refuse what would silently do nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from data.errors import UsageError
from embedder.finetuning.settings import (
    Augmentation,
    Batches,
    Goal,
    Optimisation,
    Regularisation,
    Settings,
    Transfer,
)


def test_every_setting_survives_json() -> None:
    settings = Settings(
        Transfer("partial", 2, 0.5, False, 0, 3),
        Optimisation("lamb", 1e-4, 2e-3, 0.1, "cyclical", 0.2, 4, 1.0, 2, "float32", True),
        Goal(("category", "product"), "arcface", 0.1, 20.0, 0, "learnt", 0.0, "weights", "texture", True, 32),
        Regularisation(0.1, 0.2, 0.3, 0.99, False, 4),
        Augmentation("street-keep-colour", 0.0, 0.0, 0.1),
        Batches(32, 2, 3, 96),
        seed=11,
    )
    assert Settings.from_json(json.loads(json.dumps(settings.as_json()))) == settings


def test_json_of_another_version_is_refused() -> None:
    with pytest.raises(UsageError, match="has no speed"):
        Settings.from_json({"transfer": {"speed": 3}})
    with pytest.raises(UsageError, match="no part 'magic'"):
        Settings.from_json({"magic": {}})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Transfer("magic"), "strategy 'magic' is none of fixed, partial"),
        (lambda: Transfer(layer_decay=0.0), "layer decay"),
        (lambda: Transfer(unfreeze_every=0), "unfrozen every 1"),
        (lambda: Optimisation(schedule="sometimes"), "schedule 'sometimes'"),
        (lambda: Optimisation(rate=0.0), "must be above 0"),
        (lambda: Goal(labels=()), "at least one label"),
        (lambda: Goal(labels=("a", "a")), "each once"),
        (lambda: Goal(objective="guess"), "objective 'guess'"),
        (lambda: Goal(task_weights="learnt"), "weigh several labels, and there is one, category"),
        (
            lambda: Settings(Transfer("fixed", freeze_norm_statistics=False)),
            "so learning norms' statistics would do nothing",
        ),
        (lambda: Regularisation(dropout=1.0), "dropout is a share"),
        (lambda: Regularisation(ema=0.9, swa=True), "not both"),
        (lambda: Regularisation(swa=True, patience=2), "needs all of them"),
        (lambda: Augmentation("none-keep-colour"), "augmentation 'none-keep-colour'"),
        (lambda: Batches(side=20), "32 to 1024"),
        (
            lambda: Settings(
                Transfer("full"), goal=Goal(objective="arcface"), augmentation=Augmentation(mixup=0.2)
            ),
            "blend labels, which arcface cannot use",
        ),
        (lambda: Settings(batches=Batches(side=96)), "a side would do nothing"),
        (lambda: Settings(regularisation=Regularisation(l2sp=0.1)), "L2-SP would do nothing"),
        (lambda: Settings(augmentation=Augmentation(erasing=0.1)), "erasing would do nothing"),
    ],
)
def test_what_cannot_be_says_why(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()

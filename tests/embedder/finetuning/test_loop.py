"""What the loop does when memory runs out, and when nothing gets better any more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from data.errors import VitrineError
from embedder.finetuning.checkpoint import Checkpoints
from embedder.finetuning.examples import Task
from embedder.finetuning.feeding import FeatureFeed
from embedder.finetuning.learner import FeatureLearner, Head, start_of
from embedder.finetuning.loop import Course, train
from embedder.finetuning.multitask import MultiTask
from embedder.finetuning.objectives import build_objective
from embedder.finetuning.ranks import Ranks
from embedder.finetuning.settings import Augmentation, Batches, Goal, Optimisation, Regularisation, Settings
from embedder.projection import Projection


class Narrow(FeatureLearner):
    """A learner for whose batches there is only so much memory."""

    room = 1000

    def forward(self, features: Tensor) -> list[Tensor]:
        if len(features) > self.room:
            raise torch.OutOfMemoryError("no room")
        return super().forward(features)


def course(learner: Narrow, settings: Settings, values: list[float]) -> Course:
    draw = np.random.default_rng(0)
    targets = np.arange(64) % 2
    features = draw.normal(size=(64, 8)).astype(np.float32)
    left = iter(values)

    def validate(_: nn.Module) -> float:
        return next(left)

    return Course(
        learner=learner,
        objective=MultiTask({"kind": build_objective(settings.goal, 2, 4)}),
        feed=FeatureFeed(torch.from_numpy(features)),
        tasks=[Task("kind", ("a", "b"), targets.astype(np.int64), 0, 0)],
        rows=np.arange(64),
        stages=None,
        settings=settings,
        validate=validate,
        ranks=Ranks(0, 1, torch.device("cpu")),
    )


def narrow(room: int = 1000) -> Narrow:
    features = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    made = Narrow([Head(start_of(Projection(), features, 4))])
    made.room = room
    return made


def settings(epochs: int = 3, photos: int = 32, **more: object) -> Settings:
    return Settings(
        goal=Goal(("kind",), dims=4),
        augmentation=Augmentation("none"),
        batches=Batches(photos, 2, epochs),
        optimisation=Optimisation(precision="float32"),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("room", "message"),
    [
        (
            6,
            r"a batch of 16 photos does not fit .* 4 do: take --batch 4 --accumulate 4",
        ),
        (1, "not even 2 photos fit"),
    ],
)
def test_a_batch_that_does_not_fit_says_which_does(room: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(VitrineError, match=message):
        train(course(narrow(room), settings(), []), Checkpoints(tmp_path), None, print)


def test_patience_ends_a_run_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    values = [0.2, 0.5, 0.4, 0.3, 0.9, 0.9]
    told: list[str] = []
    run = course(narrow(), settings(6, regularisation=Regularisation(patience=2)), values)
    found = train(run, Checkpoints(tmp_path), None, told.append)
    assert (len(found.history), found.best) == (4, 2)
    assert told[-1] == "no progress for 2 epochs: stopped after epoch 4"


def test_accumulated_batches_step_as_one_large_batch_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SGD on the mean of the parts' gradients is SGD on the whole: a softmax is a mean over photos."""
    monkeypatch.setattr("embedder.finetuning.feeding.FEWEST_IN_BATCH", 64)
    made = []
    for photos, accumulate in ((64, 1), (16, 4)):
        optimisation = Optimisation(
            "sgd", precision="float32", accumulate=accumulate, schedule="constant", warmup=0.0, clip=1e9
        )
        one = replace(settings(1, photos), optimisation=optimisation)
        torch.manual_seed(5)
        checkpoints = Checkpoints(tmp_path / str(photos))
        checkpoints.folder.mkdir()
        made.append(train(course(narrow(), one, [1.0]), checkpoints, None, print).state["heads.0.matrix"])
    start = narrow().state_dict()["heads.0.matrix"]
    assert (made[0] - start).abs().max() > 1e-4
    torch.testing.assert_close(made[0], made[1], rtol=1e-4, atol=1e-6)

"""The state of a training with torch between two epochs, as safetensors: everything that going on from there
needs, to the last bit, and nothing that runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from recommender.unfinished import Course

NOW, BEST, ADAM, NOISE, FACTS = "now", "best", "adam", "noise", "facts"


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What moves from step to step beside the parameters. random, noise: draw what a step is made from."""

    adam: torch.optim.Optimizer
    random: np.random.Generator
    noise: torch.Generator | None = None


class Learner(Protocol):
    """What ``pairwise.train`` drives."""

    @property
    def parameters(self) -> list[Tensor]:
        """What is learnt."""

    @property
    def steps(self) -> Steps:
        """What else changes while it learns."""

    def epoch(self) -> float:
        """Go once through the likes; the mean loss."""

    def quality(self) -> float:
        """How well what was held back is found; NaN where nothing was."""


@dataclass(slots=True, eq=False)
class Progress:
    """How far a training is.

    epoch: how many are done. best: the highest quality, in ``best_epoch``, after which the parameters were
    ``kept``. ended: no epoch is to follow.
    """

    epoch: int = 0
    best: float = -np.inf
    best_epoch: int = 0
    kept: list[Tensor] = field(default_factory=list)
    ended: bool = False

    def keep(self, learner: Learner, course: Course) -> None:
        """Write it, with the learner's own state; of a training that has ended only what it came to."""
        if course.path is None:
            return
        facts = {
            "epoch": self.epoch,
            "best": float(self.best).hex(),
            "best_epoch": self.best_epoch,
            "ended": self.ended,
            "made_by": _maker(learner),
            "random": learner.steps.random.bit_generator.state,
        }
        tensors = {f"{BEST}.{at}": part for at, part in enumerate(self.kept)}
        if not self.ended:
            tensors |= _moving(learner)
        words = np.frombuffer(json.dumps(facts).encode(), np.uint8).copy()
        plain = {name: part.detach().cpu().contiguous() for name, part in tensors.items()}
        course.write(save({**plain, FACTS: torch.from_numpy(words)}))

    @classmethod
    def found(cls, learner: Learner, course: Course) -> Progress:
        """Where an earlier run was, and the learner brought there; the beginning where there was none, or
        where its file cannot be used, which is told.
        """
        content = course.read()
        if content is None:
            return cls()
        try:
            tensors = load(content)
            facts = json.loads(tensors.pop(FACTS).numpy().tobytes())
            if facts["made_by"] != _maker(learner):
                raise ValueError(f"it was made by {facts['made_by']}")
            progress = cls(
                int(facts["epoch"]),
                float.fromhex(facts["best"]),
                int(facts["best_epoch"]),
                _like(learner.parameters, tensors, BEST),
                bool(facts["ended"]),
            )
            if not progress.ended:
                _bring(learner, tensors, facts["random"])
        except (SafetensorError, KeyError, ValueError) as error:
            course.say(f"the state of the stopped training cannot be used ({error}); beginning anew")
            return cls()
        if not progress.ended:
            course.say(f"going on after epoch {progress.epoch} of a stopped training")
        return progress


def _maker(learner: Learner) -> str:
    """Another version or device would go on otherwise than it began."""
    return f"torch {torch.__version__} on {learner.parameters[0].device.type}"


def _moving(learner: Learner) -> dict[str, Tensor]:
    steps = learner.steps
    tensors = {f"{NOW}.{at}": part for at, part in enumerate(learner.parameters)}
    for at, moments in steps.adam.state_dict()["state"].items():
        tensors |= {f"{ADAM}.{at}.{name}": part for name, part in moments.items()}
    if steps.noise is not None:
        tensors[NOISE] = steps.noise.get_state()
    return tensors


def _bring(learner: Learner, tensors: dict[str, Tensor], random: dict[str, Any]) -> None:
    """Everything is read before anything is changed."""
    steps = learner.steps
    now = _like(learner.parameters, tensors, NOW)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, part in tensors.items():
        if name.startswith(f"{ADAM}."):
            _, at, what = name.split(".")
            moments.setdefault(int(at), {})[what] = part
    noise = None if steps.noise is None else tensors[NOISE]
    groups = steps.adam.state_dict()["param_groups"]
    with torch.no_grad():
        for parameter, value in zip(learner.parameters, now, strict=True):
            parameter.copy_(value)
    steps.adam.load_state_dict({"state": moments, "param_groups": groups})
    steps.random.bit_generator.state = random
    if steps.noise is not None and noise is not None:
        steps.noise.set_state(noise)


def _like(parameters: list[Tensor], tensors: dict[str, Tensor], name: str) -> list[Tensor]:
    """The tensors of a name, one per parameter and of its shape; ValueError for another."""
    found = [tensors[f"{name}.{at}"] for at in range(len(parameters))]
    if any(one.shape != part.shape for one, part in zip(found, parameters, strict=True)):
        raise ValueError(f"{name} has other shapes than what is learnt")
    return found

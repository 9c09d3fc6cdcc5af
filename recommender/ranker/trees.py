"""Gradient-boosted trees that correct the blend: LambdaMART (Burges 2010) by LightGBM (Ke et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from data.cores import cores
from data.errors import Damaged
from recommender.items import Doubles, Floats
from recommender.ranker.signals import matrix

if TYPE_CHECKING:
    import lightgbm

BASE = 4.0
"""How many units of the trees' score the blend's whole range [0, 1] is worth."""


@dataclass(frozen=True, slots=True)
class Trees:
    """A trained ranker. models: LightGBM's text form, one per seed. names: the features, in order.

    The score of a candidate is BASE × blend + the models' mean: they begin from the blend and learn what it
    gets wrong, so that none at all is the blend itself. Several seeds are averaged, since the choices of a
    shop's customers are few and one model's luck is large.
    """

    models: tuple[str, ...]
    names: tuple[str, ...]

    def add(self, named: Mapping[str, Floats], blend: Floats) -> Floats:
        """float32 (p,): scores of p candidates; named: feature → (p,); blend: (p,)."""
        if not len(blend):
            return blend
        table = matrix(named, self.names, len(blend))
        return self.scores(table, blend)

    def scores(self, table: Floats, blend: Floats, rounds: int | None = None) -> Floats:
        """The same from a table (p, features); rounds: with so many trees of each model only."""
        found = [
            np.asarray(_opened(model).predict(table, num_iteration=rounds, num_threads=1))
            for model in self.models
        ]
        total: Floats = (BASE * blend + np.mean(found, axis=0)).astype(np.float32)
        return total

    def shares(self, named: Mapping[str, Floats], blend: Floats) -> Doubles:
        """float64 (p, features): what each feature adds to the models' mean (TreeSHAP, Lundberg 2018)."""
        table = matrix(named, self.names, len(blend))
        found = [
            np.asarray(_opened(model).predict(table, pred_contrib=True, num_threads=1))
            for model in self.models
        ]
        shares: Doubles = np.mean(found, axis=0)[:, :-1].astype(np.float64)
        return shares

    @property
    def count(self) -> int:
        """How many trees there are in all."""
        return sum(int(_opened(model).num_trees()) for model in self.models)

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return {"models": list(self.models), "names": list(self.names)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Trees:
        """The inverse of ``as_json``. Raises Damaged for a model that cannot be read."""
        found = cls(tuple(map(str, value["models"])), tuple(map(str, value["names"])))
        for model in found.models:
            _opened(model)
        return found


@lru_cache(maxsize=8)
def _opened(model: str) -> lightgbm.Booster:
    import lightgbm

    try:
        return lightgbm.Booster(model_str=model)
    except lightgbm.basic.LightGBMError as error:
        raise Damaged(f"the trained ranker cannot be read ({error}); run `vitrine train` again") from error


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Candidates with their labels. table: float32 (p, features); blend: float32 (p,), the blend's scores.

    chosen: bool (p,). sizes: int64 (q,), candidates of each customer, in order.
    """

    table: Floats
    blend: Floats
    chosen: np.ndarray[Any, np.dtype[np.bool_]]
    sizes: np.ndarray[Any, np.dtype[np.int64]]

    @classmethod
    def joined(cls, parts: Sequence[Lessons]) -> Lessons:
        """One after the other."""
        return cls(
            np.concatenate([p.table for p in parts]),
            np.concatenate([p.blend for p in parts]),
            np.concatenate([p.chosen for p in parts]),
            np.concatenate([p.sizes for p in parts]),
        )

    def telling(self) -> Lessons:
        """Without the customers of whom no choice is among the candidates: a ranker learns nothing there."""
        owners = np.repeat(np.arange(len(self.sizes)), self.sizes)
        some = np.bincount(owners[self.chosen], minlength=len(self.sizes)) > 0
        keep = some[owners]
        return Lessons(self.table[keep], self.blend[keep], self.chosen[keep], self.sizes[some])

    def thinned(self, negatives: int, seed: int) -> Lessons:
        """All that was chosen, and so many of each customer's other candidates, drawn by the seed."""
        owners = np.repeat(np.arange(len(self.sizes)), self.sizes)
        draw = np.random.default_rng(seed).random(len(owners))
        order = np.lexsort((draw, self.chosen, owners))  # within a customer: the others first, shuffled
        place = np.arange(len(owners)) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)
        keep = self.chosen.copy()
        keep[order[(place < negatives) & ~self.chosen[order]]] = True
        sizes = np.bincount(owners[keep], minlength=len(self.sizes)).astype(np.int64)
        return Lessons(self.table[keep], self.blend[keep], self.chosen[keep], sizes)


SEEDS = 2
NEGATIVES = 200
"""Candidates not chosen that are kept of each customer, drawn evenly: as good as all of them, and quicker."""
PARAMETERS: Mapping[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 50,
    "learning_rate": 0.03,
    "num_leaves": 8,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


def grow(lessons: Lessons, names: tuple[str, ...], rounds: int, seed: int) -> Trees:
    """Trees from lessons, ``SEEDS`` models of ``rounds`` trees; the same lessons and seed give the same.

    One thread for each model, side by side where there are cores: lessons are small, and threads that wait
    for each other within a model cost more than they bring.
    """
    import lightgbm

    telling = lessons.telling().thinned(NEGATIVES, seed)
    least = max(20, min(int(PARAMETERS["min_data_in_leaf"]), len(telling.chosen) // 200))

    def grown(turn: int) -> str:
        data = lightgbm.Dataset(
            telling.table,
            telling.chosen.astype(np.int32),
            group=telling.sizes,
            init_score=BASE * telling.blend.astype(np.float64),
            feature_name=[f"f{at}" for at in range(len(names))],  # LightGBM allows no colons in names
            params={"verbose": -1, "num_threads": 1},
        )
        settings = {**PARAMETERS, "min_data_in_leaf": least, "seed": seed + turn, "num_threads": 1}
        return str(lightgbm.train(settings, data, rounds).model_to_string())

    with ThreadPoolExecutor(min(SEEDS, cores())) as pool:
        return Trees(tuple(pool.map(grown, range(SEEDS))), names)

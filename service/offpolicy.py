"""Off-policy evaluation as a command: what another policy would have earned, from the log of what was
shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import UsageError
from service.parts import Parts
from service.progress import Step, Tell, silent

if TYPE_CHECKING:
    from recommender.evaluation.policylog import PolicyLog
    from recommender.evaluation.policytarget import Target
    from recommender.evaluation.policyvalue import OffPolicy


@dataclass(frozen=True, slots=True)
class OffPolicyRequest:
    """An order to evaluate a policy from a log.

    log: a Parquet, CSV or JSON-lines file (``vitrine shown`` writes one). model: a model of the table as the
    target policy, fitted on what was known before the log began; None: the log's own column ``target``. clip:
    the largest weight, None: any. repeat: the model may show what a customer has met. search: settings tried
    of every model, None: the usual few.
    """

    log: Path
    model: str | None = None
    clip: float | None = None
    repeat: bool = False
    search: int | None = None
    seed: int = 7

    def __post_init__(self) -> None:
        if self.clip is not None and not self.clip > 0:
            raise UsageError(f"the largest weight (clip) must be above 0, not {self.clip}")


@dataclass(frozen=True, slots=True, eq=False)
class OffPolicyAnswer:
    """What was found. target: of the model that was the target policy, None for the log's own column."""

    log: Path
    values: OffPolicy
    target: Target | None

    def as_json(self) -> dict[str, Any]:
        """For ``--json``; ``possible`` is false, with the reason, where the log allows no value."""
        from recommender.evaluation.rewardmodel import ABOUT

        target = {"policy": "column"} if self.target is None else self.target.as_json()
        modelled = "dr" in (self.values.estimates or {})
        return {
            "log": str(self.log),
            "target": target,
            "reward_model": ABOUT if modelled else None,
            **self.values.as_json(),
            "words": self.in_words(),
        }

    def in_words(self) -> list[str]:
        """The values and every reason to doubt them, a sentence each."""
        words = self.values.in_words()
        if self.target is None or not self.values.possible:
            return words
        told = self.target
        words.append(
            f"Target policy: {told.model}, fitted on {told.interactions:,} interactions from before the "
            f"log's first answer; of {int(told.probabilities.sum()):,} rows it puts the same product at the "
            "same position."
        )
        if told.gone:
            words.append(f"{told.gone:,} rows are of products no longer in the shop: the target shows none.")
        return words


def evaluate_log(
    request: OffPolicyRequest, parts: Parts | None = None, tell: Tell = silent
) -> OffPolicyAnswer:
    """The value of the target policy: IPS, SNIPS and doubly robust.

    parts: of the shop, needed for a model as the target. A log that allows no value is no error: the answer
    says why. Raises UsageError for a log that cannot be read, or a model without a shop.
    """
    from recommender.evaluation.offpolicy import impossible, off_policy
    from recommender.evaluation.policylog import read_log
    from recommender.evaluation.rewardmodel import by_position

    log = read_log(request.log)
    target = None
    if request.model is not None:
        if parts is None:
            raise UsageError("a model can be the target policy of a shop's log only: name the shop")
        if impossible(log) is None:
            target = _target(request, request.model, log, parts, tell)
    probabilities = None if target is None else target.probabilities
    values = off_policy(log, probabilities, by_position(log), request.clip, request.seed)
    return OffPolicyAnswer(request.log, values, target)


def _target(request: OffPolicyRequest, model: str, log: PolicyLog, parts: Parts, tell: Tell) -> Target:
    import numpy as np

    from recommender.evaluation.policytarget import Rules, target_of
    from recommender.search import Search
    from recommender.source import load_dataset
    from recommender.unfinished import FOLDER, kept_in

    index = parts.catalogue()
    index.refresh()
    table = index.pinned().table
    out = ~np.asarray(table.column("in_stock"), np.bool_)
    sold_out = frozenset(name for name, gone in zip(table.ids, out.tolist(), strict=True) if gone)

    def told(words: str) -> None:
        tell(Step("evaluating", 0, note=words))

    with kept_in(parts.shop.directory / FOLDER, told):
        return target_of(
            model,
            log,
            load_dataset(parts.shop, index),
            Rules(request.repeat, sold_out),
            request.seed,
            None if request.search is None else Search(request.search, request.seed),
            told,
        )

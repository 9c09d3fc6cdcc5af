"""Threats to validity, filled from the data: what may be wrong with the figures, and how far it is here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from recommender.evaluation.exam import CHOICE, FEWEST_CHOOSERS, choice_threshold
from recommender.evaluation.leakage.embedder import NAME as EMBEDDER
from recommender.evaluation.leakage.photos import NAME as DUPLICATES
from recommender.evaluation.metrics.exposure import HEAD_SHARE, head
from recommender.evaluation.openings import told as openings_told
from recommender.evaluation.report.grid import joined, share
from recommender.evaluation.report.marks import OURS
from recommender.evaluation.result import Evaluation
from recommender.evaluation.seeds import FEWEST as FEWEST_SEEDS
from recommender.evaluation.splits import ROLLING, TEST_SHARE
from recommender.models.kinds import BY_NAME

Weight = Literal["heavy", "some", "none seen"]
DAY = 86_400.0
FEW_CUSTOMERS = 100
COARSE, FINE = 0.2, 0.05  # of the baseline's value: differences that a test should be able to see


@dataclass(frozen=True, slots=True)
class Threat:
    """weight: how much it bears on this evaluation, by the figures in ``words``."""

    name: str
    weight: Weight
    words: str


def threats(found: Evaluation) -> list[Threat]:
    """All of them, the heaviest first; those that were looked for and not seen last."""
    made = [
        *_simulated(found),
        _customers(found),
        _window(found),
        _exposure(found),
        *_openings(found),
        *(_popularity(found), _cold(found), _seen_before(found)) * bool(found.customers),
        *_choices(found),
        _dates(found),
        *_findings(found),
        *_budget(found),
        *_seeds(found),
    ]
    order: Mapping[Weight, int] = {"heavy": 0, "some": 1, "none seen": 2}
    return sorted(made, key=lambda threat: order[threat.weight])


def _simulated(found: Evaluation) -> list[Threat]:
    if not found.simulated:
        return []
    words = (
        "The customers were drawn by a program, with tastes laid down in it. The figures show whether models "
        "find such tastes; they say nothing of how real people choose."
    )
    return [Threat("simulated customers", "heavy", words)]


def _customers(found: Evaluation) -> Threat:
    name = "too few customers"
    if found.power is None:
        weight: Weight = "heavy" if found.customers < FEW_CUSTOMERS else "some"
        words = (
            f"{found.customers:,} customers were asked; no two models were compared, so nothing says more."
        )
        return Threat(name, weight, words)
    values = [test.theirs for family in found.families[:1] for test in family.tests[:1]]
    base = values[0] if values and values[0] > 0 else math.nan
    of_base = found.power.detectable / base
    weight = "none seen" if of_base <= FINE else "some" if of_base <= COARSE else "heavy"
    if found.customers < FEW_CUSTOMERS or not math.isfinite(of_base):
        weight = "heavy"
    words = (
        f"With {found.customers:,} customers nothing can be said of the size of a difference that is missed."
    )
    if math.isfinite(of_base):
        words = (
            f"With {found.power.customers:,} customers a true difference below {found.power.detectable:.4f} "
            f"{found.power.metric}, {share(of_base, 1)} of the best baseline's value, is found "
            f"in fewer than {share(found.power.power, 1)} of such tests."
        )
    return Threat(name, weight, words)


def _window(found: Evaluation) -> Threat:
    name, first, last = "one window only", found.described.get("test_from"), found.described.get("test_to")
    if found.split == ROLLING:
        window = found.described.get("window", "one of several")
        words = f"This is window {window}; a result that does not hold in the others is one of its season."
        return Threat(name, "none seen", words)
    if isinstance(first, str) and isinstance(last, str):
        days = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds() / DAY
        words = (
            f"All is asked in one window of {max(days, 0):.0f} days ({first[:10]} to {last[:10]}), "
            f"{share(TEST_SHARE, 1)} of the interactions. Another season may give another order; "
            "--split rolling asks in several windows."
        )
        return Threat(name, "some", words)
    words = (
        f"The split {found.split!r} has no cut in time: models learn from what others did after the "
        "question, which flatters every model that counts. --split time rules that out."
    )
    return Threat("no cut in time", "some" if found.fold.get("conclusive", True) else "heavy", words)


def _exposure(found: Evaluation) -> Threat:
    words = (
        "Customers could only choose what the shop showed them at that time, and a product that nobody was "
        "shown counts as a miss. How a model would have changed what they chose is not part of this report: "
        "interactions do not say with which probability something was shown (propensities)."
    )
    return Threat("choices depend on what was shown", "some", words)


def _openings(found: Evaluation) -> list[Threat]:
    name = "the test was opened before"
    if found.openings is None:
        return [Threat(name, "some", "How often this test was opened was not counted.")]
    weight: Weight = "none seen" if found.openings <= 1 else "some" if found.openings <= 3 else "heavy"
    return [Threat(name, weight, openings_told(found.openings))]


def _popularity(found: Evaluation) -> Threat:
    fold = found.behind.fold
    inside = head(fold.fit.item_counts())
    chosen = fold.test.wanted.indices
    there = int(inside[chosen].sum())
    words = (
        f"{share(int(inside.sum()), len(inside))} of the products have {share(HEAD_SHARE, 1)} of all likes "
        f"before; {share(there, len(chosen))} of what is asked for is among them, and a model that only "
        "counts can answer that much."
    )
    lift = found.model(OURS).metrics.get("popularity_lift@10", math.nan) if OURS in found.names else math.nan
    if math.isfinite(lift):
        words += f" What {OURS} shows is {lift:.2f} times as popular as what customers like by themselves."
    part = there / max(len(chosen), 1)
    return Threat("popularity", "heavy" if part >= 0.8 else "some" if part >= 0.4 else "none seen", words)


def _cold(found: Evaluation) -> Threat:
    fold = found.behind.fold
    chosen = fold.test.wanted.indices
    cold = int((fold.fit.item_counts()[chosen] == 0).sum())
    newcomers = int((fold.test.histories.liked() == 0).sum())
    words = (
        f"{share(cold, len(chosen))} of the products asked for were chosen by nobody before "
        f"({cold:,} of {len(chosen):,}); {share(newcomers, found.customers)} of the customers had liked "
        "nothing before."
    )
    if not cold:
        words += " So nothing is said here of new products."
    return Threat("new products and customers", "none seen" if cold else "some", words)


def _seen_before(found: Evaluation) -> Threat:
    name = "products seen before are left out"
    if found.behind.fold.test.repeat:
        return Threat(name, "none seen", "Products that a customer had met before are ranked and count.")
    seen = found.dropped.get("seen_before", 0)
    every = seen + found.behind.fold.test.wanted.nnz
    part = seen / max(every, 1)
    words = (
        f"{share(seen, every)} of the choices ({seen:,} of {every:,}) were of products that the customer had "
        "met before; they are not asked for, as the shop would not recommend them. --repeat asks for them."
    )
    return Threat(name, "heavy" if part > 0.5 else "some" if part > 0.1 else "none seen", words)


def _choices(found: Evaluation) -> list[Threat]:
    events, tested = found.behind.data.events, found.behind.fold.tested.weights
    name = "weak choices"
    if not len(events):
        return []
    if choice_threshold(events) < CHOICE:
        words = (
            f"Fewer than {FEWEST_CHOOSERS} customers ever bought, liked or put in a cart, so that any "
            "positive interaction counts as a choice, even one look. What is foretold is what people look at."
        )
        return [Threat(name, "heavy", words)]
    weak = int(((tested > 0) & (tested < CHOICE)).sum())
    words = (
        f"{share(weak, len(tested))} of the interactions in the test are weaker than {CHOICE} each (views "
        "and the like); they count only where several of one product add up to it. All choices count alike, "
        "whatever they were worth."
    )
    return [Threat(name, "some" if weak > len(tested) / 2 else "none seen", words)]


def _dates(found: Evaluation) -> Threat:
    arrived = found.behind.fold.test.items.arrived
    unknown = int((~np.isfinite(arrived)).sum())
    words = (
        f"Of {share(unknown, len(arrived))} of the products ({unknown:,} of {len(arrived):,}) it is not "
        "known when they entered the catalogue; they are ranked as if they had always been there."
    )
    if not unknown:
        words = "Of every product it is known when it entered the catalogue."
    return Threat("dates of the catalogue", "some" if unknown else "none seen", words)


def _findings(found: Evaluation) -> list[Threat]:
    made = []
    names = {EMBEDDER: "what the embedder has seen", DUPLICATES: "cold products that are not new"}
    for finding in found.findings:
        if finding.name in names:
            weight: Weight = "some"
            if finding.name == EMBEDDER and finding.status == "flagged":
                weight = "heavy"
            nothing = finding.status == "passed" or (
                finding.name == DUPLICATES and finding.status != "flagged"
            )
            words = finding.words[0].upper() + finding.words[1:] + "."
            made.append(Threat(names[finding.name], "none seen" if nothing else weight, words))
    return made


def _budget(found: Evaluation) -> list[Threat]:
    tries = {str(one["model"]): int(one["tries"]) for one in found.contestants}
    tuned = {name: count for name, count in tries.items() if name in BY_NAME and BY_NAME[name].space}
    if not tuned:
        return []
    least, most = min(tuned.values()), max(tuned.values())
    words = (
        f"Baselines were chosen among {least}" + (f" to {most}" if most > least else "") + " settings each"
    )
    words += f", {OURS} among {tries[OURS]} of all its sources together." if OURS in tries else "."
    untuned = [name for name, count in tuned.items() if count == 1]
    if untuned:
        words += f" Not tuned at all: {joined(untuned)}; better settings may do better."
    fair = OURS not in tries or tries[OURS] <= most
    weight: Weight = "heavy" if untuned and OURS in tries else "none seen" if fair and not untuned else "some"
    return [Threat("effort spent on baselines", weight, words)]


def _seeds(found: Evaluation) -> list[Threat]:
    runs = {m.model: max(one.seeds for one in m.spreads.values()) for m in found.models if m.spreads}
    if not runs:
        return []
    few = [name for name, count in runs.items() if count < FEWEST_SEEDS]
    if few:
        words = (
            f"Of {joined(few)} fewer than {FEWEST_SEEDS} seeds were run: another seed may do better or worse."
        )
        return [Threat("few seeds", "some", words)]
    words = f"Every model that draws lots was run with at least {FEWEST_SEEDS} seeds, told apart above."
    return [Threat("few seeds", "none seen", words)]

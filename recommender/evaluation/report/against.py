"""What was compared with what: models with the best baseline, photos with none, seeds with seeds, and
candidates with what the ranker makes of them.
"""

from __future__ import annotations

import math

from recommender.evaluation.metrics import CANDIDATE_KS
from recommender.evaluation.report.glossary import metric_term
from recommender.evaluation.report.grid import (
    Cell,
    Grid,
    Head,
    Row,
    of_metric,
    of_term,
    plain,
    ranged,
    share,
    signed,
)
from recommender.evaluation.report.marks import OURS
from recommender.evaluation.result import Evaluation
from recommender.evaluation.seeds import Spread
from recommender.evaluation.significance import Family, PairedTest
from recommender.evaluation.worth import SHUFFLED, Ablation, Worth

SEEDED = ("ndcg@10", "recall@10", "map@10", "coverage@10")
PARTS = {"all": "everything", "warm_items": "warm products", "cold_items": "cold products"}


def tests_of(family: Family) -> Grid:
    """A family's tests, a row each, the largest difference first."""
    metric = metric_term(family.metric)
    heads = (
        Head(metric.name, metric.formula, metric.anchor),
        of_term("difference"),
        of_term("p"),
        of_term("holm"),
        of_term("effect"),
        of_term("superiority"),
        of_term("won"),
        Head("verdict", "by p (Holm) below 0.05 alone", words=True),
    )
    tests = sorted(family.tests, key=lambda test: (math.isnan(test.difference), -test.difference))
    return Grid(
        f"{metric.name}: {family.about}", heads, tuple(Row(test.model, _tested(test)) for test in tests)
    )


def _tested(test: PairedTest) -> tuple[Cell, ...]:
    missing = f"{test.missing:,} without a value" if test.missing else ""
    return (
        Cell(plain(test.ours, ".4f").value, f"against {plain(test.theirs, '.4f').value}"),
        signed(test.difference, test.interval),
        plain(test.p_value, ".2g"),
        plain(test.p_holm, ".2g"),
        Cell("∞") if math.isinf(test.effect) else plain(test.effect, "+.2f"),
        plain(test.superiority, ".1%"),
        Cell(f"{test.wins:,} / {test.ties:,} / {test.losses:,}", missing),
        Cell(test.verdict, words=True),
    )


def photos_worth(ablation: Ablation) -> Grid:
    """What real photos were worth against shuffled ones and none, a row per model and part."""
    names = list(ablation.worths[0].means) if ablation.worths else []
    heads = [Head("instead of real photos", words=True), Head("customers")]
    for name in names:
        heads += [of_metric(name), of_term("difference")]
    rows = tuple(
        Row(f"{one.model}, {PARTS.get(one.part, one.part.replace('_', ' '))}", _worth(one, names))
        for one in ablation.worths
    )
    return Grid("What photos were worth", tuple(heads), rows, "model and part")


def _worth(one: Worth, names: list[str]) -> tuple[Cell, ...]:
    cells = [
        Cell("those of other products" if one.variant == SHUFFLED else "none", words=True),
        Cell(f"{one.customers:,}"),
    ]
    for name in names:
        real, other = one.means[name]
        gap = one.differences.get(name)
        cells.append(Cell(ranged(real).value, f"instead {ranged(other).value}"))
        cells.append(signed(math.nan) if gap is None else signed(gap.mean, gap.interval))
    return tuple(cells)


def seeds_of(found: Evaluation) -> Grid:
    """The spread of models that draw lots, over their seeds; empty where there are none."""
    metrics = [name for name in SEEDED if any(name in model.spreads for model in found.models)]
    rows = []
    for model in found.models:
        if model.spreads:
            seeds = max(one.seeds for one in model.spreads.values())
            cells = tuple(_spread(model.spreads.get(name)) for name in metrics)
            rows.append(Row(model.model, (Cell(f"{seeds}"), *cells)))
    heads = (Head("seeds"), *(of_metric(name) for name in metrics))
    return Grid("Spread over seeds", heads if metrics else (), tuple(rows))


def _spread(spread: Spread | None) -> Cell:
    if spread is None or not math.isfinite(spread.mean):
        return plain(math.nan, ".4f")
    if spread.seeds == 1:
        return Cell(f"{spread.mean:.4f}", "one seed: spread not known")
    deviation = f", sd {spread.deviation:.4f}" if math.isfinite(spread.deviation) else ""
    return Cell(f"{spread.mean:.4f}", f"{spread.low:.4f} – {spread.high:.4f}{deviation}")


def candidate_words(found: Evaluation) -> list[str]:
    """What the sources propose at all, and what the order makes of it; nothing where it was not measured."""
    told, growth = [], found.tuned.growth
    held = {k: found.candidates.get(f"candidate_recall@{k}", math.nan) for k in CANDIDATE_KS}
    if all(math.isfinite(value) for value in held.values()) and OURS in found.names:
        among = " and ".join(f"{value:.4f} among the first {k}" for k, value in held.items())
        told.append(
            f"Candidate recall: of what customers chose, the sources together propose {among}, in the "
            "order of the blend. A ranker of so many candidates cannot find more."
        )
        found_at_10, most = found.model(OURS).metrics["recall@10"], held[CANDIDATE_KS[-1]]
        told.append(
            f"The order of {OURS} brings {found_at_10:.4f} into the first 10 (Recall@10): "
            f"{share(found_at_10, most)} of what {CANDIDATE_KS[-1]} candidates hold."
        )
    if told and found.lift is not None:
        test = found.lift
        told.append(
            f"The ranker's lift: on the same customers of the test the blend's own order has NDCG@10 "
            f"{test.theirs:.4f}, the trees' {test.ours:.4f}, difference {test.difference:+.4f} "
            f"[{test.interval[0]:+.4f}, {test.interval[1]:+.4f}] (95 %), p = {test.p_value:.2g}."
        )
    elif told:
        told.append("The ranker's lift: none, as there are no trees; the blend ranks alone.")
    if told and growth is not None:
        gain = growth.reached - growth.blend
        kept = (
            "and are kept" if growth.trees is not None else "and are not kept, so that the blend ranks alone"
        )
        told.append(
            f"On validation: in the newest window the blend of the sources has NDCG@50 "
            f"{growth.blend:.4f}, with trees behind it {growth.reached:.4f} ({gain:+.4f}); the trees must "
            f"gain more than one standard error, {kept}."
        )
    return told

"""What stands behind the figures: sizes, the split, who was left out, the models, their tuning, the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender.evaluation.leakage import Finding
from recommender.evaluation.report.grid import NOTHING, Cell, Grid, Head, Row, plain
from recommender.evaluation.result import Evaluation
from recommender.settings import SOURCES

REASONS: Mapping[str, str] = {
    "not_held_out": "customers who were not held out: the models may learn from them",
    "no_event_in_window": "customers without any interaction in the test",
    "nothing_liked_in_window": "customers who chose nothing in the test (only weak or negative interactions)",
    "only_products_that_are_not_cold": "customers who chose only products that are not cold",
    "only_products_seen_before": "customers who only came back to products they had met before",
    "only_products_not_yet_in_the_catalogue": "customers whose products were not in the catalogue when asked",
    "seen_before": "chosen products that the customer had met before (a recommendation would leave them out)",
    "not_yet_in_the_catalogue": "chosen products that arrived only after the question",
    "product_deleted": "interactions with products that are no longer in the shop",
    "event_without_weight": "interactions whose event weighs nothing",
}
STATUSES = ("failed", "flagged", "not possible", "passed")
SHORT = 16  # digits of a digest that are shown


@dataclass(frozen=True, slots=True)
class Entry:
    """A name with what is said of it."""

    name: str
    words: str


def facts(found: Evaluation) -> list[Entry]:
    """The sizes of the evaluation."""
    test, fit = found.behind.fold.test, found.behind.fold.fit
    cold = int((fit.item_counts() == 0).sum())
    return [
        Entry("interactions in all", f"{found.interactions:,}"),
        Entry("products ranked", f"{found.products:,}"),
        Entry("cold products among them", f"{cold:,}"),
        Entry("customers asked", f"{found.customers:,}"),
        Entry("cold customers among them", f"{int(np.sum(test.histories.liked() == 0)):,}"),
        Entry("products they chose", f"{test.wanted.nnz:,}"),
    ]


def left_out(found: Evaluation) -> list[Entry]:
    """Count → reason, of customers, of chosen products and of interactions."""
    parts: Sequence[Mapping[str, int]] = (found.excluded, found.dropped, found.unusable)
    rows = [
        Entry(f"{count:,}", REASONS.get(reason, reason.replace("_", " ")))
        for part in parts
        for reason, count in part.items()
    ]
    return rows or [Entry("0", "nothing")]


def described(found: Evaluation) -> list[Entry]:
    """The split in words and figures."""
    told = {"split": found.split, "repeat": found.fold.get("repeat", False), **found.described}
    return [Entry(name.replace("_", " "), _words(value)) for name, value in told.items()]


def digests(found: Evaluation) -> Grid:
    """What was learnt, tuned on and tested, with the beginning of each sha256."""
    fold = found.fold
    parts: list[tuple[str, Mapping[str, Any]]] = [("learnt", fold.get("fit", {}))]
    parts += [(f"validation {at}", part) for at, part in enumerate(fold.get("validation", ()), 1)]
    parts.append(("test", fold.get("test", {})))
    rows = tuple(
        Row(
            name,
            (
                *(_count(part.get(key)) for key in ("interactions", "customers", "choices")),
                Cell(str(part.get("sha256", NOTHING))[:SHORT] + "…"),
            ),
        )
        for name, part in parts
    )
    heads = tuple(Head(name) for name in ("interactions", "customers asked", "choices", "sha256"))
    return Grid("Parts of the split", heads, rows, "part")


def models(found: Evaluation) -> Grid:
    """Every model: what it is, what it cannot do, what answers then, and how much it was tuned."""
    rows = tuple(
        Row(
            str(one["model"]),
            (
                Cell(str(one["about"]), words=True),
                Cell(", ".join(one["cannot"]) or "nothing", words=True),
                Cell(str(one["fallback"]), words=True),
                Cell(f"{one['tries']:,}"),
                Cell(f"{len(one['seeds']):,}"),
            ),
        )
        for one in found.contestants
    )
    words = ("what it is", "what it cannot answer", "what answers then")
    heads = (*(Head(name, words=True) for name in words), Head("settings tried"), Head("seeds"))
    return Grid("The models", heads, rows)


def tried(found: Evaluation) -> list[tuple[str, list[Entry]]]:
    """Of every model that was tuned, and of the blend's sources beside them, the settings that were looked
    at, the best first.
    """
    looked_at = [(str(one["model"]), one["tried"]) for one in found.contestants if one["tried"]]
    shown = [tries for _, tries in looked_at]
    looked_at += [
        (f"source {name}", tries) for name, tries in found.tuned.tried.items() if tries not in shown
    ]
    return [(name, _ranked(tries)) for name, tries in looked_at]


def _ranked(tries: Sequence[Mapping[str, Any]]) -> list[Entry]:
    ranked = sorted(tries, key=lambda one: -(one.get("ndcg@50") or 0.0))
    return [Entry(f"{one.get('ndcg@50') or 0.0:.4f}", _settings(one["settings"])) for one in ranked]


def weights(found: Evaluation) -> Grid:
    """The blend's sources with what each was worth alone, and its weights."""
    chosen, quality = found.tuned.settings.weights, found.tuned.validation
    nothing = float("nan")
    rows = [
        Row(
            name,
            (
                plain(quality.get(name, nothing), ".4f"),
                plain(chosen.warm.get(name, 0.0), ".2f"),
                plain(chosen.cold.get(name, 0.0), ".2f"),
            ),
        )
        for name in SOURCES
    ]
    if "vitrine" in quality:
        rows.append(Row("all together", (plain(quality["vitrine"], ".4f"), Cell(""), Cell(""))))
    names = ("NDCG@50 on validation", "weight, customers with a history", "weight, cold customers")
    return Grid("The blend's sources", tuple(Head(name) for name in names), tuple(rows), "source")


def audit(found: Evaluation) -> list[Finding]:
    """Every check of the audit, those that a reader must weigh first."""
    return sorted(found.findings, key=lambda finding: STATUSES.index(finding.status))


def audit_words(found: Evaluation) -> str:
    """How many checks came out how."""
    counts = {status: sum(f.status == status for f in found.findings) for status in STATUSES}
    told = [f"{count} {status}" for status, count in reversed(counts.items()) if count]
    return f"{len(found.findings)} checks: {', '.join(told)}" if told else "no check was run"


def _count(value: object) -> Cell:
    return Cell(f"{value:,}" if isinstance(value, int) else NOTHING)


def _settings(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_number(part)}" for name, part in value.items())
    return str(value)


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)

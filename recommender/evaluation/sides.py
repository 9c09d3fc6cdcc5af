"""One side of a comparison of two evaluations: a report with its values per customer, and whether two of them
were asked the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.errors import Damaged, NotFound, UsageError
from recommender.evaluation.percustomer import PerCustomer, read_per_customer
from recommender.items import Ints

REPORT = "report.json"


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of the two evaluations as it was read.

    label: "A" or "B". seed: of the evaluation. space: of its embedder, "" where no photos were used. values:
    what every model was worth to every customer.
    """

    label: str
    path: Path
    split: str
    split_digest: str
    seed: int | None
    space: str
    values: PerCustomer


def read_side(label: str, path: Path) -> Side:
    """Read a report (the file, or the folder that holds it) and the values beside it.

    Raises NotFound where one of the two is missing, Damaged where it is not what it should be, UsageError
    where the report has no values per customer.
    """
    at = path / REPORT if path.is_dir() else path
    if not at.is_file():
        raise NotFound(f"there is no report {at}; `vitrine evaluate` writes one")
    try:
        report = json.loads(at.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Damaged(f"{at} is not readable JSON ({error}); run `vitrine evaluate` again") from error
    kept = report.get("per_customer") if isinstance(report, dict) else None
    kept = kept if isinstance(kept, dict) else {}
    known = all(isinstance(kept.get(key), str) for key in ("file", "sha256"))
    if not known or not isinstance(report.get("split_digest"), str):
        raise UsageError(
            f"{at} is no report of `vitrine evaluate` with values per customer (an older one has none); "
            "run the evaluation again"
        )
    values = read_per_customer(at.parent / Path(kept["file"]).name, kept["sha256"])
    if not values.runs or not values.customer_ids:
        raise UsageError(f"{at} evaluated no model or asked no customer; there is nothing to compare")
    seed = report.get("seed")
    return Side(
        label,
        at,
        str(report.get("split", "")),
        report["split_digest"],
        seed if isinstance(seed, int) else None,
        str(report.get("space") or ""),
        values,
    )


def same_split(first: Side, second: Side) -> None:
    """Raises UsageError where the two runs were not parted into the same past and the same test."""
    if first.split_digest == second.split_digest:
        return
    if first.split != second.split:
        why = f"A is split by {first.split!r}, B by {second.split!r}"
    else:
        why = (
            f"both are split by {first.split!r}, but of other interactions, products or cuts "
            f"(digests {first.split_digest[:12]} and {second.split_digest[:12]})"
        )
    raise UsageError(f"the two runs were not asked the same: {why}; evaluate both on the same shop and split")


def same_customers(first: Side, second: Side) -> Ints:
    """int64 (c,): where each customer of A stands in B.

    Raises UsageError where they are not the same ones, or chose other numbers of products.
    """
    ours, theirs = first.values.customer_ids, second.values.customer_ids
    only = [sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))]
    if any(only):
        told = " and ".join(
            f"{len(ids):,} only in {label} (first: {ids[0]!r})"
            for ids, label in zip(only, "AB", strict=True)
            if ids
        )
        raise UsageError(
            f"the two runs name the same split but asked different customers: {told}; evaluate both again"
        )
    where = {customer: at for at, customer in enumerate(theirs)}
    place = np.asarray([where[customer] for customer in ours], np.int64)
    other = np.flatnonzero(first.values.wanted != second.values.wanted[place])
    if len(other):
        raise UsageError(
            f"the two runs name the same split but asked {len(other):,} customers for different products "
            f"(first: {ours[other[0]]!r}); evaluate both again"
        )
    return place

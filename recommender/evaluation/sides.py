"""One side of a comparison of two evaluations: a report with its values per customer, and whether two of them
were asked the same. Of several windows a customer is one unit, as in ``pooled``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import Damaged, NotFound, UsageError
from recommender.evaluation.percustomer import PerCustomer, read_per_customer
from recommender.evaluation.windowed import over_windows
from recommender.items import Ints

REPORT = "report.json"


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of the two evaluations as it was read.

    label: "A" or "B". seed: of the evaluation. space: of its embedder, "" where no photos were used. values:
    what every model was worth to every customer. windows: those that were pooled, in order; none where there
    was one test.
    """

    label: str
    path: Path
    split: str
    split_digest: str
    seed: int | None
    space: str
    values: PerCustomer
    windows: tuple[Side, ...] = ()

    @property
    def kind(self) -> str:
        """One test or several, in words."""
        if self.windows:
            return f"{len(self.windows)} windows pooled"
        return f"a single evaluation (split {self.split!r})"


def read_side(label: str, path: Path) -> Side:
    """Read a report (the file, or the folder that holds it) and the values beside it, or those of all windows
    that it pools.

    Raises NotFound where one of them is missing, Damaged where it is not what it should be, UsageError where
    the report has no values per customer.
    """
    at = path / REPORT if path.is_dir() else path
    report = _read_json(at)
    if isinstance(report.get("windows"), list) and isinstance(report.get("pooled"), dict):
        return _pooled_side(label, at, report)
    return _single_side(label, at, report)


def _single_side(label: str, at: Path, report: dict[str, Any]) -> Side:
    """The report of one test."""
    kept = report.get("per_customer")
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
    return Side(
        label,
        at,
        str(report.get("split", "")),
        report["split_digest"],
        _seed(report),
        str(report.get("space") or ""),
        values,
    )


def _read_json(at: Path) -> dict[str, Any]:
    if not at.is_file():
        raise NotFound(f"there is no report {at}; `vitrine evaluate` writes one")
    try:
        report = json.loads(at.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Damaged(f"{at} is not readable JSON ({error}); run `vitrine evaluate` again") from error
    return report if isinstance(report, dict) else {}


def _seed(report: dict[str, Any]) -> int | None:
    seed = report.get("seed")
    return seed if isinstance(seed, int) else None


def _pooled_side(label: str, at: Path, report: dict[str, Any]) -> Side:
    """All windows of ``--split rolling`` as one side."""
    windows = []
    for number, told in enumerate(report["windows"], 1):
        place = Path(str(told.get("report", "")) if isinstance(told, dict) else "")
        window = at.parent / place.parent.name / place.name
        if not window.is_file():
            raise NotFound(
                f"window {number} of {at} lacks its report {window}; keep the folder of the windows together"
            )
        its_own = _read_json(window)
        if its_own.get("fold") != told.get("fold"):
            raise Damaged(
                f"{window} is not the window that {at} pools; run `vitrine evaluate --split rolling` again"
            )
        windows.append(_single_side(label, window, its_own))
    if not windows:
        raise Damaged(f"{at} pools no window; run `vitrine evaluate --split rolling` again")
    try:
        values = over_windows([one.values for one in windows])
    except UsageError as error:
        raise Damaged(f"{at} cannot be read as one: {error.message}") from None
    return Side(
        label,
        at,
        str(report.get("split", "")),
        hashlib.sha256(json.dumps([one.split_digest for one in windows]).encode()).hexdigest(),
        _seed(report),
        windows[0].space,
        values,
        tuple(windows),
    )


def same_split(first: Side, second: Side) -> None:
    """Raises UsageError where the two runs were not parted into the same past and the same test, window by
    window.
    """
    if bool(first.windows) != bool(second.windows):
        raise UsageError(
            f"A is {first.kind}, B is {second.kind}: compare two of a kind; each pooled window has a "
            f"report of its own, window-N/{REPORT}"
        )
    if len(first.windows) != len(second.windows):
        raise UsageError(
            f"A is {first.kind}, B is {second.kind}: evaluate both with the same number of --windows"
        )
    if first.windows:
        _same_windows(first, second)
        return
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


def _same_windows(first: Side, second: Side) -> None:
    """Raises UsageError where windows differ in their past, their test or their customers, and names them."""
    pairs = list(zip(first.windows, second.windows, strict=True))
    others = [at for at, (one, other) in enumerate(pairs, 1) if one.split_digest != other.split_digest]
    if others:
        raise UsageError(
            f"the two runs were not asked the same: window {', '.join(map(str, others))} of {len(pairs)} is "
            "of other interactions, products or cuts; evaluate both on the same shop and --windows, "
            "and both or neither with --repeat"
        )
    for at, (one, other) in enumerate(pairs, 1):
        try:
            same_customers(one, other)
        except UsageError as error:
            raise UsageError(f"window {at} of {len(pairs)}: {error.message}") from None


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

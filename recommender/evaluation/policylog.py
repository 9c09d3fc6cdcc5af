"""A log of what was shown, with what probability, and what came of it: the input of off-policy evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.cells import as_id, as_number, is_blank
from data.errors import UsageError
from data.records import Reject
from data.tables import open_table
from data.timestamps import parse_moment
from recommender.items import Doubles, Ints

if TYPE_CHECKING:
    import pandas as pd

Names = NDArray[np.object_]

IDS = ("request_id", "customer_id", "product_id")
POSITION = "position"
PROPENSITY = "propensity"
REWARDS = ("reward", "clicked")
TARGET = "target"
MOMENT = "timestamp"
_TRUTHS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class PolicyLog:
    """n rows, each one product that was shown.

    requests, customers, products: ids (n,). positions: int64 (n,). propensities: float64 (n,), above 0 and up
    to 1, NaN where none was logged. rewards: float64 (n,), finite. targets: float64 (n,), the target policy's
    probability where the log has it, NaN where a row lacks it; None without the column. times: float64 (n,),
    UTC seconds since 1970 of the answers; None without the column. Raises UsageError for anything else, and
    where a product stands twice at one position of an answer.
    """

    requests: Names
    customers: Names
    products: Names
    positions: Ints
    propensities: Doubles
    rewards: Doubles
    targets: Doubles | None = None
    times: Doubles | None = None

    def __post_init__(self) -> None:
        columns: list[NDArray[Any]] = [
            self.customers,
            self.products,
            self.positions,
            self.propensities,
            self.rewards,
        ]
        columns += [column for column in (self.targets, self.times) if column is not None]
        if any(len(column) != len(self) for column in columns):
            raise UsageError("the columns of the log are not equally long")
        wrong = np.flatnonzero((self.propensities <= 0) | (self.propensities > 1))
        if len(wrong):
            raise UsageError(
                f"row {wrong[0] + 1} of the log has the propensity {self.propensities[wrong[0]]:g}; "
                "a product that was shown had a probability above 0 and up to 1"
            )
        if not np.isfinite(self.rewards).all():
            raise UsageError("every row of the log needs a reward that is a finite number")
        places = set(zip(self.requests.tolist(), self.positions.tolist(), strict=True))
        if len(places) != len(self):
            raise UsageError("the log has two rows for one position of one answer; remove repeated rows")

    def __len__(self) -> int:
        return len(self.requests)


def read_log(source: Path | pd.DataFrame) -> PolicyLog:
    """A log from a Parquet, CSV or JSON-lines file, or a table in memory.

    Columns: request_id, customer_id, product_id, position, and reward or clicked (a number or true/false);
    propensity and target where they are known, blank where not; timestamp, of the answer. Raises UsageError
    where a column is missing or a cell cannot be read, naming the row (1 is the first after the header).
    """
    rows = [*_rows(source)]
    columns = _columns(source, rows)
    rewards = next((name for name in REWARDS if name in columns), None)
    missing = [name for name in (*IDS, POSITION) if name not in columns]
    if missing or rewards is None:
        wanted = ", ".join([*missing, *([] if rewards else ["reward (or clicked)"])])
        raise UsageError(f"the log has no column {wanted}; it has {', '.join(sorted(columns)) or 'none'}")
    ids = {
        name: np.asarray([_id(row, name, at) for at, row in enumerate(rows, 1)], np.object_) for name in IDS
    }
    return PolicyLog(
        requests=ids["request_id"],
        customers=ids["customer_id"],
        products=ids["product_id"],
        positions=_whole(rows),
        propensities=_numbers(rows, PROPENSITY, may_lack=True),
        rewards=_numbers(rows, rewards),
        targets=_numbers(rows, TARGET, may_lack=True) if TARGET in columns else None,
        times=_moments(rows) if MOMENT in columns else None,
    )


def _rows(source: Path | pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    if not isinstance(source, Path):
        yield from ({str(name): cell for name, cell in row.items()} for row in source.to_dict("records"))
        return
    for row in open_table(source).rows():
        if isinstance(row, Reject):
            raise UsageError(f"row {row.row} of {source.name} cannot be read: {row.detail}")
        yield row.cells


def _columns(source: Path | pd.DataFrame, rows: list[Mapping[str, Any]]) -> set[str]:
    declared = open_table(source).columns() if isinstance(source, Path) else [str(c) for c in source.columns]
    return set(declared) or {name for row in rows for name in row}


def _id(row: Mapping[str, Any], name: str, at: int) -> str:
    found = as_id(row.get(name))
    if not found:
        raise UsageError(f"row {at} of the log has no {name}")
    return found


def _whole(rows: list[Mapping[str, Any]]) -> Ints:
    found = _numbers(rows, POSITION)
    odd = np.flatnonzero(found != np.floor(found))
    if len(odd):
        raise UsageError(
            f"row {odd[0] + 1} of the log has the position {found[odd[0]]:g}, not a whole number"
        )
    return found.astype(np.int64)


def _moments(rows: list[Mapping[str, Any]]) -> Doubles:
    found = np.empty(len(rows))
    for at, row in enumerate(rows):
        moment = parse_moment(row.get(MOMENT))
        if moment is None:
            raise UsageError(
                f"row {at + 1} of the log has {row.get(MOMENT)!r} as {MOMENT}, which is no moment"
            )
        found[at] = moment.timestamp()
    return found


def _numbers(rows: list[Mapping[str, Any]], name: str, may_lack: bool = False) -> Doubles:
    found = np.full(len(rows), np.nan)
    for at, row in enumerate(rows):
        cell = row.get(name)
        if is_blank(cell) and may_lack:
            continue
        value = _TRUTHS.get(str(cell).strip().lower(), as_number(cell))
        if value is None:
            raise UsageError(f"row {at + 1} of the log has {cell!r} as {name}, which is not a number")
        found[at] = value
    return found

"""What every model was worth to every customer: the values behind all means, intervals and tests, in one
Parquet file beside report.json.

One row per run (a model with a seed) and customer, run after run, in the same order of customers:

    customer_id, model, seed (null where the model draws no lots), wanted (products chosen), history
    (products liked before), in:SLICE (bool, one column per slice), and one float64 column per metric, null
    where a metric does not exist for a customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import Damaged, NotFound, UsageError
from index.durable import sha256_of
from recommender.evaluation.seeds import Averaged, Spread, averaged, over_seeds
from recommender.items import Bools, Doubles, Ints

FILE = "customers.parquet"
FORMAT = b"1"
FACTS = ("customer_id", "model", "seed", "wanted", "history")
SLICE = "in:"
_FORMAT_KEY = b"vitrine_per_customer"
_COUNT_KEY = b"vitrine_customers"


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One model with one seed (None: it draws no lots); values: metric → float64 (c,), NaN where there is
    none.
    """

    model: str
    seed: int | None
    values: Mapping[str, Doubles]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """The file as report.json names it."""

    file: str
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """For report.json, under "per_customer"."""
        return {"file": self.file, "sha256": self.sha256}


@dataclass(frozen=True, slots=True, eq=False)
class PerCustomer:
    """c customers and what every run was worth to them.

    wanted: int64 (c,), products chosen. history: int64 (c,), products liked before. slices: name → bool (c,).
    Raises UsageError where lengths, ids, runs or metrics do not fit together, or a value is infinite.
    """

    customer_ids: tuple[str, ...]
    wanted: Ints
    history: Ints
    slices: Mapping[str, Bools]
    runs: tuple[Run, ...]

    def __post_init__(self) -> None:
        c, metrics = len(self.customer_ids), self.metrics
        arrays = [self.wanted, self.history, *self.slices.values()]
        if len(set(self.customer_ids)) != c or any(len(array) != c for array in arrays):
            raise UsageError("the customers are not distinct, or not all facts are known of all of them")
        if len({(run.model, run.seed) for run in self.runs}) != len(self.runs):
            raise UsageError("a model was run twice with the same seed; each run needs a seed of its own")
        if taken := [name for name in metrics if name in FACTS or name.startswith(SLICE)]:
            raise UsageError(f"a metric cannot be named {taken[0]!r}; that is a column of another meaning")
        for run in self.runs:
            if tuple(run.values) != metrics or any(len(v) != c for v in run.values.values()):
                raise UsageError(f"the run of {run.model} has other metrics or customers than the first run")
            if any(np.isinf(v).any() for v in run.values.values()):
                raise UsageError(f"the run of {run.model} has an infinite value; no metric can have one")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names, in the order of the first run."""
        return tuple(self.runs[0].values) if self.runs else ()

    @property
    def models(self) -> tuple[str, ...]:
        """Distinct, in order of their first run."""
        return tuple(dict.fromkeys(run.model for run in self.runs))

    def of_model(self, name: str) -> Averaged:
        """A model's mean over its seeds per customer, and the spread of the seeds. Raises UsageError for a
        model without a run.
        """
        tables = [run.values for run in self.runs if run.model == name]
        if not tables:
            raise UsageError(f"no model {name!r} was run; there are {', '.join(self.models)}")
        return averaged(tables)

    def over_seeds(self, model: str, metric: str) -> tuple[Doubles, Spread]:
        """The same for one metric."""
        return over_seeds(np.stack([run.values[metric] for run in self.runs if run.model == model]))

    def of_metric(self, name: str) -> dict[str, Doubles]:
        """Model → mean over seeds per customer (c,), as ``significance`` takes it."""
        return {model: self.over_seeds(model, name)[0] for model in self.models}


def write_per_customer(found: PerCustomer, folder: Path, name: str = FILE) -> KeptFile:
    """Write the file into ``folder`` (there already), whole or not at all. The same values give the same
    bytes.
    """
    import pyarrow as arrow
    from pyarrow import parquet

    c, runs = len(found.customer_ids), found.runs
    columns: dict[str, Any] = {
        "customer_id": arrow.array(list(found.customer_ids) * len(runs), arrow.string()),
        "model": arrow.array([run.model for run in runs for _ in range(c)], arrow.string()),
        "seed": arrow.array([run.seed for run in runs for _ in range(c)], arrow.int64()),
        "wanted": arrow.array(np.tile(found.wanted, len(runs)), arrow.int64()),
        "history": arrow.array(np.tile(found.history, len(runs)), arrow.int64()),
    }
    for part, inside in found.slices.items():
        columns[SLICE + part] = arrow.array(np.tile(inside, len(runs)), arrow.bool_())
    for metric in found.metrics:
        values = np.concatenate([run.values[metric] for run in runs])
        columns[metric] = arrow.array(values, arrow.float64(), from_pandas=True)  # NaN becomes null
    facts = {_FORMAT_KEY: FORMAT, _COUNT_KEY: str(c).encode()}
    path, beside = folder / name, folder / f".{name}.part"
    parquet.write_table(arrow.table(columns).replace_schema_metadata(facts), beside, compression="zstd")
    beside.replace(path)
    return KeptFile(name, sha256_of(path))


def read_per_customer(path: Path, sha256: str | None = None) -> PerCustomer:
    """Read and check everything; without a run or a customer there is nothing in it. Raises NotFound where
    there is no file, Damaged where its sha256 is not the given one or its rows are not those of a whole
    evaluation.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}; it belongs to the report beside it, keep the two together")
    if sha256 is not None and sha256_of(path) != sha256:
        raise _damaged(path, "does not match the checksum in its report")
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path, memory_map=False)
    except (arrow.ArrowException, OSError) as error:
        raise _damaged(path, f"is not a readable Parquet file ({error})") from error
    facts = table.schema.metadata or {}
    if facts.get(_FORMAT_KEY) != FORMAT or not set(FACTS) <= set(table.column_names):
        raise _damaged(path, "does not hold values per customer as this version of Vitrine writes them")
    try:
        return _parted(table, int(facts[_COUNT_KEY]))
    except (KeyError, ValueError, TypeError, UsageError) as error:
        raise _damaged(path, f"holds rows that do not fit together ({error})") from error


def _parted(table: Any, c: int) -> PerCustomer:
    """The runs of a table, each of c rows. Raises ValueError where a fact differs between runs."""
    c = c if table.num_rows else 0  # no run, or nobody who was asked, has no row
    if c < 0 or table.num_rows % max(c, 1):
        raise ValueError("the rows are not runs over the same customers")
    count = table.num_rows // c if c else 0
    ids = _same("customer_id", table["customer_id"].to_pylist(), c)
    models, seeds = table["model"].to_pylist(), table["seed"].to_pylist()
    slices = [name for name in table.column_names if name.startswith(SLICE)]
    metrics = [name for name in table.column_names if name not in FACTS and name not in slices]
    values = {name: table[name].to_numpy().astype(np.float64).reshape(count, c) for name in metrics}
    runs = []
    for at in range(count):
        block = slice(at * c, (at + 1) * c)
        if len({*zip(models[block], seeds[block], strict=True)}) != 1:
            raise ValueError("two runs are mixed")
        one = {name: values[name][at] for name in metrics}
        runs.append(Run(models[at * c], seeds[at * c], one))
    return PerCustomer(
        tuple(ids),
        np.asarray(_same("wanted", table["wanted"].to_pylist(), c), np.int64),
        np.asarray(_same("history", table["history"].to_pylist(), c), np.int64),
        {n.removeprefix(SLICE): np.asarray(_same(n, table[n].to_pylist(), c), np.bool_) for n in slices},
        tuple(runs),
    )


def _same(name: str, cells: list[Any], c: int) -> list[Any]:
    """The first c cells of a fact, which must repeat in every run."""
    first = cells[:c]
    if None in first or any(cells[start : start + c] != first for start in range(c, len(cells), max(c, 1))):
        raise ValueError(f"{name} is not the same in every run")
    return first


def _damaged(path: Path, what: str) -> Damaged:
    return Damaged(f"{path.name} {what}; run `vitrine evaluate` again", file=str(path))

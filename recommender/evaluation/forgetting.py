"""Takes a customer out of the reports that name them: the values stay, under a name that says nothing."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from index.durable import replace_text, sha256_of
from recommender.evaluation.percustomer import FILE

PAGE, FACTS = "report.html", "report.json"


def forget_in_reports(reports: Path, customer_id: str) -> int:
    """Rename a customer in every ``customers.parquet`` and every page below a folder; returns how many
    files named them.

    Means, intervals and tests of a report stay what they were: only the name is drawn anew, one for all
    reports. A file that cannot be read is left as it is; whoever reads it is told so.
    """
    drawn = f"forgotten-{secrets.token_hex(8)}"
    tables = sum(_in_table(path, customer_id, drawn) for path in sorted(reports.rglob(FILE)))
    return tables + sum(_in_page(path, customer_id, drawn) for path in sorted(reports.rglob(PAGE)))


def _in_table(path: Path, customer_id: str, drawn: str) -> bool:
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path, memory_map=False)
        names: list[Any] = table["customer_id"].to_pylist()
    except (arrow.ArrowException, OSError, KeyError):
        return False
    if customer_id not in names:
        return False
    column = arrow.array([drawn if name == customer_id else name for name in names], arrow.string())
    at = table.column_names.index("customer_id")
    before, beside = sha256_of(path), path.with_name(f".{path.name}.part")
    parquet.write_table(table.set_column(at, "customer_id", column), beside, compression="zstd")
    beside.replace(path)
    _replaced(path.with_name(FACTS), before, sha256_of(path))  # where the table's checksum stands
    return True


def _in_page(path: Path, customer_id: str, drawn: str) -> bool:
    """Only where the page names an example customer (``report/page/measured.html``): an id may be a number,
    and numbers stand everywhere.
    """
    from markupsafe import escape  # as the page's template does it

    return _replaced(path, f"<b>{escape(customer_id)}</b><span", f"<b>{drawn}</b><span")


def _replaced(path: Path, old: str, new: str) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    if old not in text:
        return False
    replace_text(path, text.replace(old, new))
    return True

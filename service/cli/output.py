"""What commands print: one JSON object, or tables and lines for people; messages go to standard error."""

from __future__ import annotations

import json as json_format
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import Any

import typer

emitted: ContextVar[bool] = ContextVar("emitted", default=False)
"""Whether the command that runs has printed its JSON object."""


def _finite(value: Any) -> Any:
    """NaN and infinities as null, which JSON has."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return value


def emit(value: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    emitted.set(True)
    typer.echo(json_format.dumps(_finite(value), ensure_ascii=False, indent=2, allow_nan=False, default=str))


def note(text: str) -> None:
    """A line for people on standard error."""
    typer.echo(text, err=True)


def warn(texts: Sequence[str]) -> None:
    """Warnings, one line each, on standard error."""
    for text in texts:
        typer.secho("warning: ", err=True, nl=False, fg=typer.colors.YELLOW, bold=True)
        typer.echo(text, err=True)


@contextmanager
def only_json(wanted: bool) -> Iterator[None]:
    """While libraries work, what they print goes to standard error if standard output is for JSON."""
    if not wanted:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()
) -> None:
    """A table on standard output; the columns named in ``right`` are aligned right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(
        title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for column in columns:
        drawn.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell(value)) for value in row))
    console = Console(file=sys.stdout, highlight=False)
    # A pipe has no width: give it room, so that nothing is folded or cut.
    Console(file=sys.stdout, highlight=False, width=console.width if console.is_terminal else 160).print(
        drawn
    )


def cell(value: object) -> str:
    """A value as people read it; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:,.3f}".rstrip("0").rstrip(".")
    return str(value)


def seconds(stages: Mapping[str, float]) -> str:
    """``{"read": 1.2, "encode": 3, "encode/write": 1}`` → "read 1.2 s, encode 3.0 s (write 1.0 s)"."""
    said = []
    for stage, spent in stages.items():
        if "/" not in stage:
            inner = [f"{n.split('/')[1]} {s:.1f} s" for n, s in stages.items() if n.startswith(f"{stage}/")]
            said.append(f"{stage} {spent:.1f} s" + (f" ({', '.join(inner)})" if inner else ""))
    return ", ".join(said)

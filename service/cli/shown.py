"""`vitrine shown`: the log of what was recommended, with what came of it, as a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from data.errors import UsageError
from data.timestamps import parse_moment
from service.cli.options import JsonOption, ShopOption
from service.cli.output import emit, only_json

OutOption = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="File to write: FILE.parquet or FILE.csv.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Only what was shown from this moment on (UTC).")
]
DaysOption = Annotated[
    float, typer.Option("--days", help="How many days after an answer an event counts for it.")
]
EventOption = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        metavar="EVENT",
        help="An event that is a reward (repeatable); without: click, like, cart, purchase.",
    ),
]


def shown(
    shop: ShopOption,
    out: OutOption,
    since: SinceOption = None,
    days: DaysOption = 7.0,
    event: EventOption = None,
    json: JsonOption = False,
) -> None:
    """Write what was recommended, with position, propensity and reward, for off-policy evaluation.

    Example: vitrine shown --shop my-shop --out shown.parquet --since 2026-07-01
    """
    from recommender.rewards import REWARDED
    from service.engine import Engine
    from service.shown import ShownRequest

    request = ShownRequest(out, _moment(since), days, tuple(event) if event else REWARDED)
    with only_json(json), Engine.open(shop) as engine:
        found = engine.export_shown(request)
    if json:
        emit(found)
        return
    typer.echo(
        f"{found['rows']} rows of {found['answers']} answers to {found['customers']} customers written to "
        f"{found['path']}, {found['rewarded']} of them with a reward ({', '.join(request.events)} within "
        f"{days:g} days)"
    )
    left_out = found["left_out"]
    for why, count in left_out.items() if isinstance(left_out, dict) else ():
        typer.echo(f"left out: {count} rows {why}")


def _moment(since: str | None) -> datetime | None:
    if since is None:
        return None
    found = parse_moment(since)
    if found is None:
        raise UsageError(f"--since wants a moment such as 2026-07-01 or 2026-07-01T12:00:00Z, not {since!r}")
    return found

"""`vitrine finetune --search`: how the options become a search, and what it shows of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from data.errors import UsageError
from service.cli.output import cell, table

if TYPE_CHECKING:
    from embedder.finetuning.settings import Settings
    from embedder.finetuning.space import Search

SHOWN = 5


def search_of(
    trials: int | None,
    sampler: str | None,
    vary: Sequence[str] | None,
    minutes: float | None,
    settings: Settings,
) -> Search | None:
    """The search that is asked for; None for none. Raises UsageError for what cannot be varied."""
    from embedder.finetuning.space import Search, read_space

    if trials is None:
        if sampler or vary or minutes is not None:
            raise UsageError("--sampler, --vary and --search-minutes say how to search: add --search N")
        return None
    return Search(trials, sampler or "tpe", minutes, read_space(vary or (), settings))


def show_search(report: Mapping[str, Any]) -> None:
    """The best trials, what mattered, and what the test was used for."""
    search = report["search"]
    names = [varied["name"] for varied in search["varied"]]
    finished = [trial for trial in search["trials"] if trial["state"] == "finished"]
    best = sorted(finished, key=lambda trial: -trial["value"])[:SHOWN]
    rows = [
        (trial["number"], trial["value"], *(_shown(trial["values"][name]) for name in names), trial["epochs"])
        for trial in best
    ]
    table(f"{report['name']}: the best settings, on validation", ("trial", "mAP@R", *names, "epochs"), rows)
    if search["importances"] is None:
        typer.echo(f"what mattered most cannot be told: {search['importances_text']}")
    else:
        shares = [(name, share) for name, share in search["importances"].items()]
        table("what mattered", ("setting", "share"), shares)
        typer.echo(f"shares {search['importances_text']}")
    typer.echo(search["text"])


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else cell(value)

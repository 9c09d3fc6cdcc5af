"""`vitrine migrate`: the tables of a shop that an older or newer Vitrine made."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import JsonOption, ShopOption
from service.cli.output import emit, only_json

NEEDED = 1


def migrate(
    shop: ShopOption,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="VERSION", help="A version, e.g. 0001; without: the one that is needed."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what would be done; exit with 1 if anything is needed.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Bring a shop's tables up to date, or down to an older version (what newer tables hold is deleted).

    Stop the service and take a backup first. Example: vitrine migrate --shop my-shop --check
    """
    from service.migrating import migrate as migrated

    with only_json(json):
        done = migrated(shop, to, check)
    if json:
        emit(done.as_json())
    elif check and done.steps:
        typer.echo(f"version {done.before or 'none'}; to do: {', '.join(done.steps)}")
    elif done.before == done.after:
        typer.echo(f"version {done.after}; nothing to do")
    else:
        typer.echo(f"from version {done.before or 'none'} to {done.after}")
    if check and done.steps:
        raise typer.Exit(NEEDED)

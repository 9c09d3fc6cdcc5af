"""`vitrine backup` and `vitrine restore`: a shop as one consistent set of files, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import JsonOption, ShopOption
from service.cli.output import emit, only_json, warn


def backup(
    shop: ShopOption,
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE_OR_DIR", help="A new folder, or one file: NAME.tar.")
    ],
    json: JsonOption = False,
) -> None:
    """Copy the shop while it is in use: records, uploaded photos, index, models, recommender, reports.

    Photos that the catalogue names are not copied. Example: vitrine backup --shop my-shop --to monday.tar
    """
    from service.backup import backup as taken

    with only_json(json):
        done = taken(shop, to)
    if done.missing:
        warn([f"{len(done.missing)} uploaded photos were deleted while the backup was taken"])
    if json:
        emit(done.as_json())
        return
    typer.echo(
        f"{done.files} files, {done.bytes / 1e6:,.1f} MB, to {done.path} "
        f"(revision {done.revision}, generation {done.generation})"
    )


def restore(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="A backup: its folder or file.")],
    shop: ShopOption,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help="An empty database for the records; without: SQLite."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a new shop of a backup, once all its checksums match.

    Example: vitrine restore monday.tar --shop restored-shop
    """
    from service.restore import restore as restored

    with only_json(json):
        done = restored(source, shop, database)
    if json:
        emit(done)
        return
    typer.echo(
        f"{done['shop']} is as it was on {done['created']} "
        f"(revision {done['revision']}, generation {done['generation']})"
    )

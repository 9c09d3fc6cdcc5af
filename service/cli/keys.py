"""`vitrine keys`: who may ask the HTTP API, and for what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import UsageError
from service.cli.options import JsonOption, OptionalShopOption
from service.cli.output import emit, note, table

if TYPE_CHECKING:
    from service.keys import KeyFile

group = typer.Typer(
    help="Make, list and remove the keys of the HTTP API.\n\nExample: vitrine keys list --shop my-shop",
    no_args_is_help=True,
)

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--keys-file",
        envvar="VITRINE_KEYS_FILE",
        metavar="FILE",
        help="Where the keys are, if not in the shop's directory.",
    ),
]


@group.command("add")
def add(
    role: Annotated[str, typer.Option("--role", help="What it may do: read, write or admin.")],
    name: Annotated[str, typer.Option("--name", help="Whose key it is; logs and changes carry this name.")],
    shop: OptionalShopOption = None,
    keys_file: FileOption = None,
    json: JsonOption = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept. A service that runs takes it at once.

    Example: vitrine keys add --shop my-shop --role read --name storefront
    """
    from service.keys import Role

    found = Role.named(role)
    secret = _file(shop, keys_file).add(name, found)
    if json:
        emit({"name": name, "role": found.word, "key": secret})
        return
    note(f"the key of {name} ({found.word}); it is not shown again:")
    typer.echo(secret)


@group.command("list")
def list_keys(
    shop: OptionalShopOption = None, keys_file: FileOption = None, json: JsonOption = False
) -> None:
    """List the keys by name: what each may do, and since when. The keys themselves are not kept.

    Example: vitrine keys list --shop my-shop
    """
    keys = _file(shop, keys_file).read()
    if json:
        emit({"keys": [key.as_json() for key in keys]})
    elif keys:
        table("", ("name", "role", "created"), [(key.name, key.role.word, key.created) for key in keys])
    else:
        typer.echo("no keys: the service answers only on this machine, and everybody there")


@group.command("remove")
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key to remove.")],
    shop: OptionalShopOption = None,
    keys_file: FileOption = None,
    json: JsonOption = False,
) -> None:
    """Remove a key. A service that runs refuses it from its next request on, sessions on the page too.

    Example: vitrine keys remove --shop my-shop storefront
    """
    gone = _file(shop, keys_file).remove(name)
    if json:
        emit({"removed": gone.as_json()})
        return
    typer.echo(f"removed the {gone.role.word} key of {gone.name}")


def _file(shop: Path | None, keys_file: Path | None) -> KeyFile:
    """The file with the shop's keys, whether it is there yet or not. Raises ShopMissing."""
    from data.shop import Shop
    from service.keys import KeyFile, key_file

    if keys_file is not None:
        return KeyFile(keys_file)
    if shop is None:
        raise UsageError("say whose keys: --shop DIR, or --keys-file FILE")
    Shop.open(shop).close()
    return key_file(shop)

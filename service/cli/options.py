"""Options that several commands share, and the small parsers behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from data.errors import UsageError

T = TypeVar("T")

ShopOption = Annotated[
    Path, typer.Option("--shop", envvar="VITRINE_SHOP", help="Directory of the shop.", metavar="DIR")
]
OptionalShopOption = Annotated[
    Path | None, typer.Option("--shop", envvar="VITRINE_SHOP", help="Directory of the shop.", metavar="DIR")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else there.")
]
WhereOption = Annotated[
    str | None,
    typer.Option(
        "--where", metavar="EXPR", help="Filter, e.g. 'category = \"dress\" and price < 50 and in_stock'."
    ),
]
CountOption = Annotated[int, typer.Option("-k", "--count", min=1, max=10_000, help="How many to answer.")]
NoRulesOption = Annotated[
    bool, typer.Option("--no-rules", help="As if nothing were pinned, blocked or boosted by hand.")
]
ExcludeOption = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="ID", help="Leave a product out (repeatable).")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
RejectShareOption = Annotated[
    float,
    typer.Option(
        "--max-reject-share",
        min=0.0,
        max=1.0,
        help="Exit with 2 if a larger share of the rows is rejected (what is good is kept all the same).",
    ),
]


def given(context: typer.Context) -> list[tuple[str, str]]:
    """What stands on the command line, in the order of the help: each parameter's name, and how it is told.

    What comes from the environment or is a default does not count.
    """
    found = []
    for param in context.command.params:
        source = context.get_parameter_source(str(param.name))
        if source is not None and source.name == "COMMANDLINE":
            option = param.opts[0].startswith("-")
            found.append((str(param.name), param.opts[0] if option else f"the {param.name}"))
    return found


def refuse_others(context: typer.Context, why: str, together: Collection[str], otherwise: str) -> None:
    """Raises UsageError where anything was given but what goes together.

    why: begins the sentence, such as "--all asks about every product by itself". together: names of
    parameters. otherwise: ends it, such as "ask without --all".
    """
    others = [told for name, told in given(context) if name not in together]
    if others:
        raise UsageError(f"{why}, so {', '.join(others)} cannot go with it; leave that away, or {otherwise}")


def pairs(texts: Sequence[str], option: str, convert: Callable[[str], T]) -> dict[str, T]:
    """``["a=1", "b=2"]`` → ``{"a": 1, "b": 2}``. Raises UsageError naming the option and the bad text."""
    out: dict[str, T] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            if not equals or not name.strip() or not value.strip():
                raise ValueError
            out[name.strip()] = convert(value.strip())
        except ValueError:
            raise UsageError(f"{option} wants NAME=VALUE, not {text!r}") from None
    return out

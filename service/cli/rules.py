"""`vitrine rules`: what merchandisers pinned, blocked and boosted, and how that is taken back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data.errors import UsageError
from service.cli.options import JsonOption, ShopOption
from service.cli.output import emit, table, warn

group = typer.Typer(
    help="Pin, block and boost products by hand; every change can be undone.\n\n"
    "Example: vitrine rules add --shop my-shop --block 1042",
    no_args_is_help=True,
)

ProductOption = Annotated[
    str | None, typer.Option("--product", metavar="ID", help="Only rules for this product, or that move it.")
]
CategoryOption = Annotated[
    str | None, typer.Option("--category", metavar="NAME", help="Only rules for this category.")
]
HistoryOption = Annotated[
    bool, typer.Option("--history", help="List every change instead, the newest first, with who and when.")
]
PinOption = Annotated[str | None, typer.Option("--pin", metavar="ID", help="Put this product at --at.")]
BlockOption = Annotated[str | None, typer.Option("--block", metavar="ID", help="Never show this product.")]
BoostOption = Annotated[
    str | None, typer.Option("--boost", metavar="ID", help="Raise or lower this product: --times or --plus.")
]
AtOption = Annotated[int, typer.Option("--at", min=1, help="Position of a pin, from 1.")]
TimesOption = Annotated[
    float | None, typer.Option("--times", help="What a boosted product's score counts by, e.g. 1.2 or 0.8.")
]
PlusOption = Annotated[
    float | None,
    typer.Option("--plus", help="What is added to it instead: a cosine, or a share of the best."),
]
ForProductOption = Annotated[
    str | None, typer.Option("--for", metavar="ID", help="Only where this product is asked about.")
]
ForCategoryOption = Annotated[
    str | None, typer.Option("--for-category", metavar="NAME", help="Only for products of this category.")
]
InOption = Annotated[str, typer.Option("--in", help="Where: similar, recommendations or both.")]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="MOMENT", help="From when on, e.g. 2099-07-01T08:00:00Z.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="MOMENT", help="Until when, e.g. 2099-07-31.")
]
NoteOption = Annotated[str, typer.Option("--note", help="Why, for colleagues.")]
RuleArgument = Annotated[int, typer.Argument(metavar="RULE", min=1, help="Number of the rule.")]
ChangeArgument = Annotated[
    int | None,
    typer.Argument(metavar="[CHANGE]", min=1, help="Number of the change; the last one if not given."),
]


@group.command("list")
def list_rules(
    shop: ShopOption,
    product: ProductOption = None,
    category: CategoryOption = None,
    history: HistoryOption = False,
    json: JsonOption = False,
) -> None:
    """List the rules in force, waiting or over; or every change of them.

    Example: vitrine rules list --shop my-shop --product 1042
    """
    from service.engine import Engine

    with Engine.open(shop) as engine:
        found = engine.rule_history(10_000) if history else engine.rules(product, category)
    if json:
        emit({"changes" if history else "rules": found})
    elif history:
        _show_history(found)
    else:
        _show(found)


@group.command("add")
def add(
    shop: ShopOption,
    pin: PinOption = None,
    block: BlockOption = None,
    boost: BoostOption = None,
    at: AtOption = 1,
    times: TimesOption = None,
    plus: PlusOption = None,
    for_product: ForProductOption = None,
    for_category: ForCategoryOption = None,
    surface: InOption = "both",
    starts: FromOption = None,
    ends: UntilOption = None,
    note: NoteOption = "",
    json: JsonOption = False,
) -> None:
    """Pin, block or boost one product; it holds at once, also in a service that runs.

    Example: vitrine rules add --shop my-shop --pin 1042 --at 1 --for 2077 --until 2099-07-31
    """
    from data.rules import Terms
    from service.engine import Engine

    wanted: list[tuple[Any, str]] = [
        (action, product)
        for action, product in (("pin", pin), ("block", block), ("boost", boost))
        if product is not None
    ]
    if len(wanted) != 1:
        raise UsageError("a rule is one of --pin ID, --block ID and --boost ID: give exactly one of them")
    action, product_id = wanted[0]
    terms = Terms(
        action=action,
        product_id=product_id,
        query_product_id=for_product,
        query_category=for_category,
        surface=surface,  # type: ignore[arg-type]  # Terms checks it
        position=at if action == "pin" else None,
        factor=times,
        plus=plus,
        starts=_moment("--from", starts),
        ends=_moment("--until", ends),
        note=note,
    )
    with Engine.open(shop) as engine:
        made: Any = engine.add_rule(terms)
    warn(made["warnings"])
    if json:
        emit(made)
        return
    typer.echo(f"rule {made['rule']['rule_id']} {_sentence(made['rule'])}")


@group.command("remove")
def remove(shop: ShopOption, rule: RuleArgument, json: JsonOption = False) -> None:
    """Take a rule back; undoing that puts it in force again.

    Example: vitrine rules remove --shop my-shop 3
    """
    from service.engine import Engine

    with Engine.open(shop) as engine:
        _said(engine.remove_rule(rule), shop, json)


@group.command("undo")
def undo(shop: ShopOption, change: ChangeArgument = None, json: JsonOption = False) -> None:
    """Revert the last change of the rules, or the one of a number that `rules list --history` shows.

    Example: vitrine rules undo --shop my-shop
    """
    from service.engine import Engine

    with Engine.open(shop) as engine:
        _said(engine.undo_rule(change_id=change), shop, json)


def _moment(option: str, text: str | None) -> datetime | None:
    from data.timestamps import parse_moment

    if text is None:
        return None
    found = parse_moment(text)
    if found is None:
        raise UsageError(f"{option} wants a moment such as 2026-07-01 or 2026-07-01T12:00:00Z, not {text!r}")
    return found


def _said(change: Any, shop: Path, json: bool) -> None:
    if json:
        emit(change)
        return
    what = "is in force again" if change["kind"] == "add" else "is removed"
    typer.echo(f"rule {change['rule_id']} {what}: it {_sentence(change['terms'])}")
    number = change["change_id"]
    typer.echo(f"change {number}; take it back: vitrine rules undo --shop {shop} {number}")


def _sentence(terms: Any) -> str:
    from service.ruling import sentence

    return sentence(terms)


def _show(found: Any) -> None:
    if not found:
        typer.echo("no rules")
        return
    columns = ("rule", "what", "from", "until", "state", "who", "when", "note")
    rows = [
        (
            rule["rule_id"],
            _sentence(rule),
            rule["starts"],
            rule["ends"],
            rule["state"].replace("_", " ")
            + (f", overruled by {rule['overruled_by']}" if rule["overruled_by"] else ""),
            rule["who"],
            rule["at"],
            rule["note"],
        )
        for rule in found
    ]
    table("", columns, rows, right=("rule",))


def _show_history(found: Any) -> None:
    if not found:
        typer.echo("no changes")
        return
    rows = [
        (
            change["change_id"],
            f"{change['kind']} rule {change['rule_id']}"
            + (f", undoing change {change['undoes']}" if change["undoes"] else ""),
            _sentence(change["terms"]),
            change["who"],
            change["at"],
            change["undone"],
        )
        for change in found
    ]
    table("", ("change", "what", "rule", "who", "when", "undone"), rows, right=("change",))

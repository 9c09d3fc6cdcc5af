"""`vitrine recommend`: products for a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.options import CountOption, ExcludeOption, JsonOption, NoRulesOption, ShopOption, WhereOption
from service.cli.output import emit, note, only_json, table, warn

if TYPE_CHECKING:
    from service.answers import RecommendAnswer

FALLBACKS = "not personal: {} — what follows is the ordered fall-back"
SURFACE = "cli"


CustomerOption = Annotated[str, typer.Option("--customer", metavar="ID", help="Whom to recommend to.")]
WhyOption = Annotated[bool, typer.Option("--why", help="Show the reasons of every recommendation.")]
KeepSeenOption = Annotated[
    bool, typer.Option("--keep-seen", help="Also recommend what the customer already dealt with.")
]
DiversityOption = Annotated[
    float | None, typer.Option("--diversity", min=0.0, max=1.0, help="0: best first; 1: most varied.")
]
LogOption = Annotated[
    bool, typer.Option("--log", help="Log the answer as shown to the customer (vitrine serve does so).")
]
CapOption = Annotated[
    int | None, typer.Option("--category-cap", min=1, help="At most so many of one category.")
]


ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="Ask a single model that `vitrine train --model` trained."),
]


def recommend(
    shop: ShopOption,
    customer: CustomerOption,
    k: CountOption = 10,
    where: WhereOption = None,
    why: WhyOption = False,
    keep_seen: KeepSeenOption = False,
    exclude: ExcludeOption = None,
    diversity: DiversityOption = None,
    category_cap: CapOption = None,
    log: LogOption = False,
    no_rules: NoRulesOption = False,
    model: ModelOption = None,
    json: JsonOption = False,
) -> None:
    """Recommend products to a customer, from what they did and what things look like.

    Example: vitrine recommend --shop my-shop --customer 77 -k 12 --where in_stock --why
    """
    from service.engine import Engine
    from service.requests import RecommendRequest
    from service.shown_log import LogSettings

    request = RecommendRequest(
        customer_id=customer,
        k=k,
        where=where,
        exclude=frozenset(exclude or ()),
        seen="keep" if keep_seen else "drop",
        diversity=diversity,
        category_cap=category_cap,
        model=model,
        rules=not no_rules,
    )
    with only_json(json), Engine.open(shop, log=LogSettings() if log else None, brief=True) as engine:
        answer = engine.recommend(request, SURFACE if log else None)
    warn((*answer.warnings, *engine.warnings()))
    if not answer.trained:
        note(f"note: not trained yet, the default blend answers; better: vitrine train --shop {shop}")
    if json:
        emit(answer.as_json())
        return
    _show(answer, why)


def _show(answer: RecommendAnswer, why: bool) -> None:
    if answer.fallback:
        typer.echo(FALLBACKS.format(answer.fallback))
    columns = ["#", "product", "score", "title", "category", "price"]
    rows = [
        [n, i["product_id"], f"{i['score']:.4f}", i.get("title"), i.get("category"), i.get("price")]
        + ([_reasons(i["reasons"])] if why else [])
        for n, i in enumerate(answer.items, 1)
    ]
    table("", [*columns, "why"] if why else columns, rows, right=("#", "score", "price"))


def _reasons(reasons: Any) -> str:
    return "\n".join(f"{r['share']:.0%} {r['text']}" for r in reasons)

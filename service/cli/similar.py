"""`vitrine similar`: what looks like these products and photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import UsageError
from service.cli.options import (
    CountOption,
    ExcludeOption,
    JsonOption,
    NoRulesOption,
    ShopOption,
    WhereOption,
    pairs,
    refuse_others,
)
from service.cli.output import emit, note, only_json, table, warn
from service.cli.similar_items import TOGETHER, write_all

if TYPE_CHECKING:
    from service.answers import SimilarAnswer
    from service.requests import Auto, Look, SimilarRequest


ProductOption = Annotated[
    list[str] | None, typer.Option("--product", metavar="ID", help="A product as example (repeatable).")
]
PhotoOption = Annotated[
    list[Path] | None, typer.Option("--photo", metavar="FILE", help="A photo as example (repeatable).")
]
NotOption = Annotated[
    list[str] | None,
    typer.Option("--not", metavar="ID", help="A product that hits shall not resemble (repeatable)."),
]
NotPhotoOption = Annotated[
    list[Path] | None,
    typer.Option("--not-photo", metavar="FILE", help="The same with a photo (repeatable)."),
]
WeightOption = Annotated[
    list[float] | None,
    typer.Option("--weight", help="Weight of each example: products first, then photos (repeatable)."),
]
AspectOption = Annotated[
    list[str] | None,
    typer.Option("--aspect", metavar="NAME=W", help="Weight of an aspect, e.g. colour=2 (repeatable)."),
]
DiversityOption = Annotated[
    float, typer.Option("--diversity", min=0.0, max=1.0, help="0: closest first; 1: most varied.")
]
StrategyOption = Annotated[
    str, typer.Option("--strategy", help="How several examples combine: average, best or sum.")
]
MinScoreOption = Annotated[
    str | None,
    typer.Option(
        "--min-score",
        metavar="COSINE",
        help="Leave out hits whose cosine is below this; auto: as calibrated by vitrine embedders evaluate.",
    ),
]
SuppressOption = Annotated[
    bool, typer.Option("--suppress-near-duplicates", help="Show one of products that look the same.")
]
SheetOption = Annotated[
    Path | None, typer.Option("--sheet", metavar="OUT", help="Also write a contact sheet: .png or .html.")
]
AllOption = Annotated[
    Path | None,
    typer.Option(
        "--all",
        metavar="OUT",
        help="Write the look-alikes of every product to this file instead: .parquet, .csv or .jsonl.",
    ),
]


def similar(
    context: typer.Context,
    shop: ShopOption,
    product: ProductOption = None,
    photo: PhotoOption = None,
    unlike: NotOption = None,
    unlike_photo: NotPhotoOption = None,
    weight: WeightOption = None,
    k: CountOption = 10,
    where: WhereOption = None,
    aspect: AspectOption = None,
    diversity: DiversityOption = 0.0,
    strategy: StrategyOption = "average",
    exclude: ExcludeOption = None,
    min_score: MinScoreOption = None,
    suppress: SuppressOption = False,
    no_rules: NoRulesOption = False,
    sheet: SheetOption = None,
    everything: AllOption = None,
    json: JsonOption = False,
) -> None:
    """Find the products that look most like the examples.

    Example: vitrine similar --shop my-shop --product 1042 --where 'price < 50' --aspect colour=2

    Example: vitrine similar --shop my-shop --photo street.jpg --sheet hits.png

    Example: vitrine similar --shop my-shop --all look-alikes.parquet -k 20 --where in_stock
    """
    from service.requests import SimilarRequest

    weights, excluded = pairs(aspect or [], "--aspect", float) or None, frozenset(exclude or ())
    if everything is not None:
        from service.similar_items import SimilarItemsRequest

        refuse_others(context, "--all asks about every product by itself", TOGETHER, "ask without --all")
        least = _least(min_score)
        write_all(
            shop,
            SimilarItemsRequest(everything, k, where, weights, excluded, least, rules=not no_rules),
            json,
        )
        return
    examples = _looks(product or [], photo or [], weight)
    if not examples:
        raise UsageError("nothing to compare with: give --product ID or --photo FILE, once or more often")
    request = SimilarRequest(
        examples=examples,
        negatives=_looks(unlike or [], unlike_photo or [], None),
        k=k,
        where=where,
        aspects=weights,
        diversity=diversity,
        strategy=strategy,  # type: ignore[arg-type]  # SimilarRequest checks it
        exclude=excluded,
        min_score=_least(min_score),
        near_duplicates="suppress" if suppress else "keep",
        rules=not no_rules,
    )
    _answer(shop, request, sheet, json)


def _answer(shop: Path, request: SimilarRequest, sheet: Path | None, json: bool) -> None:
    """Ask, and print the hits; and draw them where a sheet is wanted."""
    from service.engine import Engine

    if sheet is not None and sheet.suffix.lower() not in (".png", ".html"):
        raise UsageError(f"--sheet writes .png or .html, not {sheet.suffix or 'a file without ending'!r}")
    with only_json(json), Engine.open(shop, brief=True) as engine:
        answer = engine.similar(request)
        if sheet is not None:
            from service.sheets import write_sheet

            write_sheet(engine, request, answer, sheet)
    warn(answer.warnings)
    if json:
        emit(answer.as_json())
    else:
        _show(answer)
    if sheet is not None:
        note(f"sheet: {sheet}")


def _least(text: str | None) -> float | Auto | None:
    from service.requests import AUTO

    if text is None or text == AUTO:
        return AUTO if text else None
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--min-score is a cosine or {AUTO}, not {text!r}") from None


def _looks(
    products: Sequence[str], photos: Sequence[Path], weights: Sequence[float] | None
) -> tuple[Look, ...]:
    from service.requests import Look

    many = len(products) + len(photos)
    if weights and len(weights) != many:
        raise UsageError(f"{len(weights)} --weight for {many} examples: give one for each, or none")
    given = list(weights) if weights else [1.0] * many
    absent = [str(path) for path in photos if not path.is_file()]
    if absent:
        raise UsageError(f"no photo at {', '.join(absent)}")
    looks = [Look(product_id=id_, weight=w) for id_, w in zip(products, given, strict=False)]
    rest = given[len(products) :]
    return (*looks, *(Look(photo=p, weight=w) for p, w in zip(photos, rest, strict=True)))


def _show(answer: SimilarAnswer) -> None:
    if not answer.hits:
        typer.echo("no hits")
        return
    first = answer.hits[0].get("aspects")
    names = list(first) if isinstance(first, dict) else []
    rows = []
    for rank, hit in enumerate(answer.hits, 1):
        aspects = hit.get("aspects")
        cosines = [aspects.get(name) for name in names] if isinstance(aspects, dict) else []
        rows.append(
            [rank, hit["product_id"], f"{hit['score']:.4f}", hit["title"], hit["category"], hit["price"]]
            + [f"{c:.2f}" if isinstance(c, float) else None for c in cosines]
        )
    columns = ["#", "product", "score", "title", "category", "price", *names]
    table("", columns, rows, right=("#", "score", "price", *names))

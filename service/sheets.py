"""Contact sheets: the query, then the hits with id, title and score, as one picture or one web page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import UnknownPhoto, UsageError
from service.answers import SimilarAnswer
from service.requests import Look, SimilarRequest

if TYPE_CHECKING:
    from service.engine import Engine


@dataclass(frozen=True, slots=True)
class Picture:
    """One cell of a sheet.

    photo: file or bytes; None draws an empty frame.
    name: first line, e.g. the product's id. text: second line, e.g. its title. note: third line.
    score: cosine, None for the query. aspects: aspect → cosine.
    """

    photo: Path | bytes | None
    name: str
    text: str = ""
    note: str = ""
    score: float | None = None
    aspects: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A title, what it was asked with, the query's pictures (negatives apart), and the hits, best first."""

    title: str
    subtitle: str
    queries: tuple[Picture, ...]
    negatives: tuple[Picture, ...]
    hits: tuple[Picture, ...]


def write_sheet(engine: Engine, request: SimilarRequest, answer: SimilarAnswer, path: Path) -> None:
    """Write the sheet of an answer; the ending of ``path`` says which kind (.png or .html)."""
    sheet = compose(engine, request, answer)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.suffix.lower()
    if kind == ".png":
        from service.sheet_png import draw

        draw(sheet).save(path, "PNG", optimize=True)
    elif kind == ".html":
        from service.sheet_html import render

        path.write_text(render(sheet), encoding="utf-8")
    else:
        raise UsageError(f"a sheet is a .png or .html file, not {path.name!r}")


def compose(engine: Engine, request: SimilarRequest, answer: SimilarAnswer) -> Sheet:
    """The sheet of an answer, as values."""
    cards = engine.cards(
        [look.product_id for look in (*request.examples, *request.negatives) if look.product_id is not None]
    )
    said = [f"where {request.where}"] if request.where else []
    said += [f"{name} × {weight:g}" for name, weight in (request.aspects or {}).items()]
    said += [f"diversity {request.diversity:g}"] if request.diversity else []
    said += [request.strategy] if len(request.examples) > 1 else []
    said += [f"{len(answer.hits)} hits", f"space {answer.space}", f"generation {answer.generation}"]
    return Sheet(
        title="Similar to " + ", ".join(look.label for look in request.examples),
        subtitle="  ·  ".join(said),
        queries=tuple(_query(engine, look, cards) for look in request.examples),
        negatives=tuple(_query(engine, look, cards) for look in request.negatives),
        hits=tuple(_hit(engine, hit) for hit in answer.hits),
    )


def _query(engine: Engine, look: Look, cards: Mapping[str, Mapping[str, object]]) -> Picture:
    if look.product_id is None:
        return Picture(look.photo, look.label, "uploaded photo")
    card = cards.get(look.product_id, {})
    photo = _file(engine, card.get("photo_id"))
    return Picture(photo, look.product_id, str(card.get("title") or ""), str(card.get("category") or ""))


def _hit(engine: Engine, hit: Mapping[str, object]) -> Picture:
    aspects = hit.get("aspects")
    return Picture(
        photo=_file(engine, hit.get("photo_id")),
        name=str(hit["product_id"]),
        text=str(hit.get("title") or ""),
        note=str(hit.get("category") or ""),
        score=float(str(hit["score"])),
        aspects=aspects if isinstance(aspects, dict) else None,
    )


def _file(engine: Engine, photo_id: object) -> Path | None:
    """A photo's file; None when there is none any more (the cell then stays empty, and shows it)."""
    if photo_id is None:
        return None
    try:
        return engine.photo_file(str(photo_id))
    except UnknownPhoto:
        return None

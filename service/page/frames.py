"""The shape of the tiles: that of most of the shop's photos, so that few are cut or stand in empty space."""

from __future__ import annotations

from statistics import median
from typing import Literal

from fastapi import Request

from data.errors import VitrineError
from data.photos import probe
from service.engine import Engine

Frame = Literal["portrait", "square", "landscape"]
SAMPLE = 24
NARROW, WIDE = 0.87, 1.15  # width over height; the middle between 3:4 and 1:1, and between 1:1 and 4:3


def frame_of(request: Request) -> Frame:
    """The frame of the shop that answers; looked up once, as photos of one shop are alike in shape."""
    state = request.app.state
    known: Frame | None = getattr(state, "frame", None)
    if known is not None:
        return known
    try:
        ratios = _ratios(state.slot.engine())
    except VitrineError:
        return "portrait"
    if not ratios:
        return "portrait"
    found = shape_of(median(ratios))
    state.frame = found
    return found


def shape_of(ratio: float) -> Frame:
    """The frame for photos of a width over height."""
    if ratio < NARROW:
        return "portrait"
    return "square" if ratio <= WIDE else "landscape"


def _ratios(engine: Engine) -> list[float]:
    """Width over height of the first photos of a few products from all over the catalogue."""
    ids = engine.parts.table().ids
    step = max(1, len(ids) // SAMPLE)
    found = []
    for card in engine.cards(ids[::step][:SAMPLE]).values():
        try:
            width, height = probe(engine.photo_file(str(card["photo_id"])))[:2]
        except VitrineError:
            continue  # a photo that is gone or damaged has no say
        found.append(width / height)
    return found

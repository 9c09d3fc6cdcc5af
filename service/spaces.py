"""How a shop remembers which embedder its vectors are of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from data.shop import Shop
from service.parts import Parts

if TYPE_CHECKING:
    from embedder.embedder import Embedder

BESIDE = "beside_space"
"""Under this key a shop keeps the space that was last filled beside the one that is searched."""


def remember_space(shop: Shop, embedder: Embedder, spec: str) -> None:
    """Record an embedder's space, so that questions can open the same embedder again by ``spec``.

    A space that the shop knows already is not described anew: that could mean to load the network.
    """
    if embedder.space not in shop.spaces():
        from embedder.pipeline import remember_space as describe

        describe(shop, embedder)
    known = shop.space(embedder.space)
    if known.embedder != spec:
        shop.put_space(replace(known, embedder=spec))


def wanted_name(parts: Parts, spec: str | None) -> str:
    """The lasting name of an embedder that was asked for, else of the one that the shop uses."""
    return lasting_name(parts, spec) if spec else parts.embedder_spec()


def lasting_name(parts: Parts, spec: str) -> str:
    """An embedder's name such that it means the same from any working directory."""
    if (parts.models / spec).is_dir():
        return spec
    if Path(spec).is_dir():
        return str(Path(spec).resolve())
    architecture, at, file = spec.partition("@")
    return f"{architecture}@{Path(file).resolve()}" if at and Path(file).is_file() else spec

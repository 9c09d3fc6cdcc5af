"""The stamp of a shop whose customers are simulated, so that no figure from it passes for a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.demo.origin import Origin

if TYPE_CHECKING:
    from data.shop import Shop

STAMP = "SIMULATED"
"""The word that stands over every table and report of such a shop."""
_KEY = "simulated"


def stamp(shop: Shop, origin: Origin) -> None:
    """Note in the shop that its customers are simulated, and from what; a later stamp replaces it."""
    shop.set_meta(_KEY, origin.as_json())


def is_simulated(shop: Shop) -> bool:
    """Whether the shop carries the stamp."""
    return shop.meta(_KEY) is not None


def origin_of(shop: Shop) -> Origin | None:
    """From what the shop's customers were made; None for a shop without the stamp."""
    noted = shop.meta(_KEY)
    return None if noted is None else Origin.from_json(noted)

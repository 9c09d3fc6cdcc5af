"""How each kind of product is drawn: one module per family, one drawer per category."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from data.demo.goods import (
    backpacks,
    bags,
    boots,
    cushions,
    dresses,
    hats,
    heels,
    jackets,
    jumpers,
    lamps,
    pottery,
    scarves,
    sneakers,
    tops,
    trousers,
    watches,
)
from data.demo.sketch import Sketch

DRAWERS: Mapping[str, Callable[[Sketch], None]] = {
    "t-shirt": tops.t_shirt,
    "shirt": tops.shirt,
    "jumper": jumpers.jumper,
    "jacket": jackets.jacket,
    "dress": dresses.dress,
    "skirt": dresses.skirt,
    "trousers": trousers.trousers,
    "shorts": trousers.shorts,
    "sneaker": sneakers.sneaker,
    "boot": boots.boot,
    "heel": heels.heel,
    "bag": bags.bag,
    "backpack": backpacks.backpack,
    "hat": hats.hat,
    "scarf": scarves.scarf,
    "watch": watches.watch,
    "mug": pottery.mug,
    "vase": pottery.vase,
    "lamp": lamps.lamp,
    "cushion": cushions.cushion,
}
"""Category → what draws it on a board."""

"""What the demo shop sells: its kinds of product, and which shapes, materials and patterns each comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PATTERNS = ("plain", "stripes", "checks", "dots", "floral", "zigzag", "argyle", "leopard")

MATERIALS = (
    "cotton",
    "linen",
    "denim",
    "knit",
    "wool",
    "silk",
    "corduroy",
    "nylon",
    "canvas",
    "leather",
    "suede",
    "velvet",
    "felt",
    "straw",
    "metal",
    "ceramic",
    "stoneware",
    "glass",
)

PLAIN_ONLY = frozenset({"denim", "suede", "metal", "glass", "corduroy", "straw"})
"""Materials that are never printed or woven with a pattern here."""

BRANDS = (
    "Alder & Rook",
    "Nordvik",
    "Marisol",
    "Tessel",
    "Oakham",
    "Fennwick",
    "Kestrel",
    "Saltmarsh",
    "Juno & Pike",
    "Hearthline",
    "Brindle",
    "Solveig",
)

SEASONS = ("spring", "summer", "autumn", "winter", "all year")

_PRINTED = {
    "plain": 3.0, "stripes": 2.0, "checks": 1.2, "dots": 1.2,
    "floral": 1.2, "zigzag": 0.8, "argyle": 0.4, "leopard": 0.5,
}  # fmt: skip
_WOVEN = {
    "plain": 3.0,
    "checks": 1.6,
    "stripes": 1.2,
    "dots": 0.6,
    "floral": 0.5,
    "zigzag": 0.4,
    "leopard": 0.3,
}
_KNITTED = {"plain": 3.0, "stripes": 2.0, "zigzag": 1.4, "argyle": 1.4, "dots": 0.5, "leopard": 0.3}
_SHOE = {"plain": 6.0, "leopard": 0.6, "checks": 0.6, "floral": 0.4, "dots": 0.3}
_DECOR = {
    "plain": 3.0, "stripes": 1.4, "dots": 1.2, "zigzag": 1.2, "floral": 1.2, "checks": 0.7, "argyle": 0.5,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """One category: its noun, its choices of shape, and what it may be made of.

    ``shapes`` maps a feature ("sleeve", "neckline", ...) to the variants that occur; the feature "shape" is
    the silhouette and may decide the material (``materials`` is keyed by silhouette, "" for any other).
    ``price`` is the median, in euros, ``spread`` the deviation of its logarithm.
    ``seasons`` are the shares of spring, summer, autumn, winter, all year.
    """

    name: str
    family: str
    shapes: Mapping[str, tuple[str, ...]]
    materials: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, float]
    price: float
    spread: float
    genders: tuple[str, ...]
    seasons: tuple[float, float, float, float, float]


_WARM = (0.3, 0.45, 0.05, 0.0, 0.2)
_COLD = (0.05, 0.0, 0.35, 0.45, 0.15)
_EVEN = (0.1, 0.1, 0.1, 0.1, 0.6)
_ALL = ("women", "men", "unisex")
_HOME: tuple[str, ...] = ()

_KINDS = (
    Kind(
        "t-shirt", "fashion",

        {"shape": ("regular", "boxy", "long"), "sleeve": ("short", "long", "none"),
         "neckline": ("crew", "v", "scoop")},
        {"": ("cotton", "cotton", "linen")}, _PRINTED, 19, 0.32, _ALL, _WARM,
    ),
    Kind(
        "shirt", "fashion",

        {"shape": ("regular", "slim", "overshirt"), "sleeve": ("long", "short"),
         "neckline": ("collar", "band")},
        {"": ("cotton", "linen", "silk"), "overshirt": ("denim", "corduroy", "cotton")}, _WOVEN, 45, 0.35,
        _ALL,
        (0.25, 0.25, 0.15, 0.05, 0.3),
    ),
    Kind(
        "jumper", "fashion",
        {"shape": ("pullover", "hoodie", "cardigan"), "sleeve": ("long",), "neckline": ("crew", "v", "roll")},
        {"": ("knit", "wool"), "hoodie": ("cotton",)}, _KNITTED, 55, 0.38, _ALL, _COLD,
    ),
    Kind(
        "jacket", "fashion",
        {"shape": ("bomber", "blazer", "puffer", "trucker"), "length": ("short", "long")},
        {"bomber": ("nylon", "leather", "suede"), "blazer": ("wool", "linen", "velvet"), "puffer": ("nylon",),
         "trucker": ("denim", "corduroy")},
        {"plain": 6.0, "checks": 1.5, "stripes": 0.5, "leopard": 0.3}, 110, 0.4, _ALL, _COLD,
    ),
    Kind(
        "dress", "fashion",
        {"shape": ("a-line", "sheath", "tiered"), "sleeve": ("none", "short", "long", "strap"),
         "neckline": ("scoop", "v", "crew"), "length": ("mini", "knee", "maxi")},
        {"": ("cotton", "silk", "linen", "velvet")}, _PRINTED | {"floral": 2.2}, 65, 0.42, ("women",), _WARM,
    ),
    Kind(
        "skirt", "fashion",
        {"shape": ("a-line", "pencil", "pleated"), "length": ("mini", "knee", "maxi")},
        {"": ("cotton", "wool", "silk"), "pencil": ("denim", "leather", "wool")}, _PRINTED, 42, 0.36,
        ("women",),
        (0.3, 0.3, 0.15, 0.05, 0.2),
    ),
    Kind(
        "trousers", "fashion",
        {"shape": ("slim", "straight", "wide", "flared")},
        {"": ("denim", "cotton", "wool", "linen", "corduroy")},
        {"plain": 6.0, "checks": 1.4, "stripes": 1.2}, 58, 0.36,
        _ALL, (0.15, 0.1, 0.2, 0.15, 0.4),
    ),
    Kind(
        "shorts", "fashion",
        {"shape": ("tailored", "sport", "bermuda")},
        {"": ("cotton", "linen", "denim"), "sport": ("nylon",)}, _WOVEN | {"stripes": 1.6}, 32, 0.3, _ALL,
        (0.2, 0.75, 0.0, 0.0, 0.05),
    ),
    Kind(
        "sneaker", "fashion",
        {"shape": ("low", "high", "runner", "slip-on")},
        {"": ("canvas", "leather", "suede"), "runner": ("nylon",), "slip-on": ("canvas",)}, _SHOE, 78,
        0.36, _ALL, _EVEN,
    ),
    Kind(
        "boot", "fashion",
        {"shape": ("chelsea", "lace-up", "knee"), "heel": ("flat", "block")},
        {"": ("leather", "suede")}, {"plain": 9.0, "leopard": 0.4}, 120, 0.34, _ALL, _COLD,
    ),
    Kind(
        "heel", "fashion",
        {"shape": ("pump", "strap", "mule"), "heel": ("stiletto", "block", "kitten")},
        {"": ("leather", "suede", "velvet")}, {"plain": 8.0, "leopard": 0.9, "dots": 0.5}, 84, 0.36,
        ("women",),
        (0.25, 0.3, 0.15, 0.1, 0.2),
    ),
    Kind(
        "bag", "fashion",
        {"shape": ("tote", "satchel", "bucket", "clutch")},
        {"": ("leather", "suede", "canvas"), "tote": ("canvas", "leather", "straw")},
        {"plain": 5.0, "stripes": 1.2, "floral": 0.8, "checks": 0.8, "leopard": 0.6, "dots": 0.5}, 72, 0.5,
        ("women", "unisex"), _EVEN,
    ),
    Kind(
        "backpack", "fashion",
        {"shape": ("zip", "flap", "roll-top")},
        {"": ("canvas", "nylon", "leather")},
        {"plain": 5.0, "checks": 0.9, "stripes": 0.8, "floral": 0.7, "zigzag": 0.7, "dots": 0.6}, 68, 0.38,
        ("unisex",),
        (0.1, 0.1, 0.3, 0.1, 0.4),
    ),
    Kind(
        "hat", "fashion",
        {"shape": ("cap", "beanie", "fedora", "bucket")},

        {"cap": ("cotton", "corduroy"), "beanie": ("knit",), "fedora": ("felt", "straw"),
         "bucket": ("cotton", "denim")},
        {"plain": 5.0, "checks": 1.0, "stripes": 1.2, "zigzag": 0.8, "dots": 0.5}, 26, 0.34, ("unisex",),
        _EVEN,
    ),
    Kind(
        "scarf", "fashion",
        {"shape": ("looped", "draped")},
        {"": ("wool", "knit", "silk")}, _KNITTED | {"checks": 2.5, "floral": 0.9}, 34, 0.36, ("unisex",),
        _COLD,
    ),
    Kind(
        "watch", "fashion",
        {"shape": ("round", "square"), "dial": ("light", "dark", "matching")},
        {"": ("leather", "metal", "nylon")}, {"plain": 8.0, "stripes": 1.2}, 135, 0.5, _ALL, _EVEN,
    ),
    Kind(
        "mug", "home",
        {"shape": ("straight", "tapered", "round", "enamel")},
        {"": ("ceramic", "stoneware")}, _DECOR, 14, 0.3, _HOME, _EVEN,
    ),
    Kind(
        "vase", "home",
        {"shape": ("bottle", "amphora", "cylinder", "globe", "gourd")},
        {"": ("ceramic", "stoneware", "glass")}, _DECOR, 36, 0.46, _HOME, _EVEN,
    ),
    Kind(
        "lamp", "home",
        {"shape": ("drum", "cone", "dome"), "base": ("turned", "stick", "tripod")},
        {"": ("linen", "cotton"), "dome": ("metal",)},
        {"plain": 5.0, "stripes": 1.0, "dots": 0.7, "zigzag": 0.7, "floral": 0.7},
        75, 0.42, _HOME, (0.05, 0.05, 0.3, 0.2, 0.4),
    ),
    Kind(
        "cushion", "home",
        {"shape": ("square", "oblong", "round"), "edge": ("plain", "piped", "tassels")},
        {"": ("linen", "cotton", "velvet", "knit")}, _DECOR | {"checks": 1.4, "leopard": 0.4}, 28, 0.34,
        _HOME, _EVEN,
    ),
)  # fmt: skip

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
"""Category name → what it comes in (20 categories, 16 of fashion and 4 of the home)."""

CATEGORIES = tuple(KINDS)

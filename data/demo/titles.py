"""Titles as a shop assistant would write them: "Striped linen shirt, navy"."""

from __future__ import annotations

from data.demo.catalogue import ProductSpec

_PATTERN_WORDS = {
    "stripes": "striped",
    "checks": "checked",
    "dots": "dotted",
    "floral": "floral",
    "zigzag": "zigzag",
    "argyle": "argyle",
    "leopard": "leopard-print",
}
_MATERIAL_WORDS = {"knit": "knitted", "wool": "woollen", "felt": "felt"}
_SLEEVES = {"none": "sleeveless", "short": "short-sleeved", "long": "long-sleeved"}
_LENGTHS = {"mini": "mini", "knee": "knee-length", "maxi": "maxi"}


def title(spec: ProductSpec) -> str:
    """The title of a product, from its attributes alone."""
    words = [
        _PATTERN_WORDS.get(spec.pattern, ""),
        _MATERIAL_WORDS.get(spec.material, spec.material),
        _noun(spec),
    ]
    text = " ".join(word for word in words if word)
    return f"{text[0].upper()}{text[1:]}, {spec.colour}"


def _noun(spec: ProductSpec) -> str:
    shape = spec.shape
    cut = shape["shape"]
    noun = _SIMPLE.get((spec.category, cut)) or _SIMPLE.get((spec.category, "")) or f"{cut} {spec.category}"
    usual = {"t-shirt": "short", "shirt": "long"}.get(spec.category)
    if usual is not None and shape["sleeve"] != usual:
        noun = f"{_SLEEVES[shape['sleeve']]} {noun}"
    if spec.category in ("dress", "skirt"):
        noun = f"{_LENGTHS[shape['length']]} {noun}"
    if spec.category == "t-shirt" and shape["neckline"] == "v":
        noun = f"v-neck {noun}"
    if spec.category == "heel":
        noun = f"{shape['heel']}-heel {noun}"
    return noun


_SIMPLE = {
    ("t-shirt", ""): "t-shirt",
    ("shirt", ""): "shirt",
    ("shirt", "overshirt"): "overshirt",
    ("jumper", "pullover"): "jumper",
    ("jumper", "hoodie"): "hoodie",
    ("jumper", "cardigan"): "cardigan",
    ("jacket", "blazer"): "blazer",
    ("trousers", "straight"): "trousers",
    ("shorts", "bermuda"): "bermuda shorts",
    ("sneaker", "low"): "sneakers",
    ("sneaker", "high"): "high-top sneakers",
    ("sneaker", "runner"): "running shoes",
    ("sneaker", "slip-on"): "slip-on sneakers",
    ("boot", "chelsea"): "chelsea boots",
    ("boot", "lace-up"): "lace-up boots",
    ("boot", "knee"): "knee-high boots",
    ("heel", "pump"): "pumps",
    ("heel", "strap"): "ankle-strap sandals",
    ("heel", "mule"): "mules",
    ("bag", "tote"): "tote bag",
    ("bag", "satchel"): "satchel",
    ("bag", "bucket"): "bucket bag",
    ("bag", "clutch"): "clutch",
    ("backpack", "zip"): "backpack",
    ("hat", "cap"): "cap",
    ("hat", "beanie"): "beanie",
    ("hat", "fedora"): "fedora",
    ("hat", "bucket"): "bucket hat",
    ("scarf", "draped"): "scarf",
    ("scarf", "looped"): "loop scarf",
    ("mug", ""): "mug",
    ("vase", "bottle"): "bottle vase",
    ("lamp", "drum"): "drum-shade table lamp",
    ("lamp", "cone"): "table lamp",
    ("lamp", "dome"): "dome lamp",
    ("cushion", "square"): "cushion",
}

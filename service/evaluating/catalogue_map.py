"""A map of the catalogue: photos that look alike lie together (t-SNE; van der Maaten & Hinton, 2008)."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.shop import Shop
from embedder.finetuning.settings import PRODUCT
from embedder.labelled import value_of
from service.evaluating.material import Floats, Material
from service.evaluating.pictures import board, data_uri, tiles
from service.evaluating.request import CATEGORY

if TYPE_CHECKING:
    from service.evaluating.run import Evaluated

MOST_PHOTOS = 1500
SIDE = 64
PERPLEXITY = 30.0
FEWEST_FOR_TSNE = 10
COLOURED = 12


def layout(vectors: Floats, seed: int) -> NDArray[np.float64]:
    """A place in the unit square for each vector (n, d) → (n, 2); the same for the same seed.

    t-SNE by cosine, begun at the principal components; below ten photos the principal components themselves.
    """
    if len(vectors) < FEWEST_FOR_TSNE:
        centred = vectors - vectors.mean(axis=0)
        left, size, _ = np.linalg.svd(centred, full_matrices=False)
        places = np.zeros((len(vectors), 2))
        width = min(2, len(size))
        places[:, :width] = left[:, :width] * size[:width]
    else:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits

        perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
        model = TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=seed)
        # Its threads wait busily for each other: on a machine with other work, several take longer than one.
        with threadpool_limits(1):
            places = np.asarray(model.fit_transform(vectors), np.float64)
    low, high = places.min(axis=0), places.max(axis=0)
    middle, reach = (low + high) / 2, float((high - low).max()) or 1.0
    square: NDArray[np.float64] = (places - middle) / reach + 0.5
    return square


def render(shop: Shop, found: Evaluated) -> str:
    """The page: a canvas to move and zoom in, with everything inside itself."""
    from jinja2 import Environment
    from markupsafe import Markup

    material, evaluation = found.material, found.evaluation
    rows = material.sample(MOST_PHOTOS, evaluation.seed)[:MOST_PHOTOS]
    names, colours = _colours(found, rows)
    across = math.ceil(math.sqrt(len(rows)))
    places = layout(material.vectors[rows], evaluation.seed)
    photos = [material.photo_ids[row] for row in rows]
    data = {
        "across": across,
        "side": SIDE,
        "classes": names,
        "photos": [
            [round(float(x), 4), round(float(y), 4), colour, *_words(material, int(row))]
            for (x, y), colour, row in zip(places, colours, rows.tolist(), strict=True)
        ],
    }
    home = files("service.evaluating") / "page"
    template = Environment(autoescape=True).from_string((home / "map.html").read_text(encoding="utf-8"))
    return template.render(
        found=evaluation,
        shown=len(rows),
        css=Markup((home / "map.css").read_text(encoding="utf-8")),  # nosec B704 # a file of this package
        script=Markup((home / "map.js").read_text(encoding="utf-8")),  # nosec B704 # the same
        # Inside a script element only "<" could end it.
        data=Markup(  # nosec B704 # see above
            json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
        ),
        atlas=data_uri(board(tiles(shop, photos, SIDE), SIDE, across)),
    )


def _words(material: Material, row: int) -> list[str]:
    """Product id, title and category."""
    owner = material.product_ids[row]
    product = material.products.get(owner)
    return [owner, "", ""] if product is None else [owner, product.title or "", product.category or ""]


def _colours(found: Evaluated, rows: Sequence[int] | NDArray[np.int64]) -> tuple[list[str], list[int]]:
    """The most frequent classes of the first label that is not the product, and each photo's number among
    them; -1 for all others."""
    labels = [one.label for one in found.evaluation.labels if one.label != PRODUCT]
    label = labels[0] if labels else CATEGORY
    material = found.material
    values = []
    for row in rows:
        product = material.products.get(material.product_ids[int(row)])
        values.append(None if product is None else value_of(product, label))
    counted = Counter(value for value in values if value is not None)
    names = [name for name, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:COLOURED]]
    number = {name: i for i, name in enumerate(names)}
    return names, [-1 if value is None else number.get(value, -1) for value in values]

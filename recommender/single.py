"""One model of the table trained on its own, kept in the shop, and asked for recommendations.

DIR/models-of-recommender/NAME/{kept.json, *.npy}: settings, facts and arrays with their sha256; replaced as
one. What the shop's customers are shown comes from ``recommender.recommender``; this is for looking at what
another model would have said.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy import sparse

from data.errors import Damaged, NotReady, NotTrained
from index.durable import replace_text, sha256_of, sync
from recommender import unfinished
from recommender.dataset import Dataset
from recommender.evaluation.exam import asking
from recommender.items import Floats, Ints, Items
from recommender.known import Known
from recommender.models.base import Fitted, FittedBacked, Recipe
from recommender.models.kept import Kept
from recommender.models.kinds import Kind, kind
from recommender.models.popularity import Popularity
from recommender.request import NO_HISTORY, NO_SIGNAL, Answer, Reason, Recommendation, Request
from recommender.rules import Choice, Shelf, barred, choose
from recommender.search import Search
from recommender.source import LiveCatalogue, live_items, load_dataset
from recommender.topk import top_k
from recommender.training import RECENT, lessons_of
from recommender.unfinished import kept_in

if TYPE_CHECKING:
    from data.shop import Shop
    from recommender.tuning import Tell

FOLDER = "models-of-recommender"
FILE = "kept.json"
FORMAT = 1
NEVER = "never"
TRIED = 6


def train_model(
    shop: Shop, index: LiveCatalogue, name: str, seed: int, tell: Tell, search: int | None = None
) -> dict[str, Any]:
    """Tune a model on the newest windows, fit it on everything and keep it in the shop.

    search: settings that are tried; None: a few, or none for models that are trained for minutes. Returns
    what was chosen. Where it was stopped, it goes on from the last try or epoch that was over. Raises
    UsageError for a name that there is not, NotReady without interactions.
    """
    of = kind(name)
    index.refresh()
    data = load_dataset(shop, index)
    if not len(data.events):
        raise NotReady(
            "the shop has no usable interactions to train on; import some with `vitrine interactions`"
        )
    with kept_in(shop.directory / unfinished.FOLDER, tell):
        told, kept = _trained(of, data, seed, tell, search or (1 if of.costly else TRIED))
        _save(kept, told, shop.directory / FOLDER / name)
    return told


def _trained(of: Kind, data: Dataset, seed: int, tell: Tell, tries: int) -> tuple[dict[str, Any], Kept]:
    """What was chosen, and what of the fitted model is kept."""
    tell(f"tuning {of.name}")
    found = Search(tries, seed).run(of, asking(lessons_of(data))[-RECENT:], Popularity())
    tell(f"training {of.name}")
    recipe = of.seeded(found.recipe, seed)
    fitted = recipe.fit(data)
    told = {
        "model": of.name,
        "settings": _words(asdict(cast("Any", recipe))),
        "validation_ndcg@50": None if found.value is None else round(found.value, 6),
        "tries": found.tried,
        "interactions": len(data.events),
        "products": len(data.items),
        "space": data.items.space,
        "cannot": list(of.cannot),
        "fallback": of.fallback,
    }
    return told, cast("Any", fitted).kept()


def open_model(shop: Shop, index: LiveCatalogue, name: str) -> tuple[Fitted, Items]:
    """A trained model on the products of the day, with its fall-back, and these products.

    Raises NotTrained where it was not trained in this shop, Damaged where a file is not what it was.
    """
    of = kind(name)
    index.refresh()
    now = index.pinned()
    items = live_items(now.table, now.products(), now.space)
    told, kept = _load(shop.directory / FOLDER / name, name)
    recipe = _recipe(of, told["settings"])
    personal = cast("Any", recipe).restored(kept.over(items), items)
    if of.fallback != "popularity":
        return cast("Fitted", personal), items
    data = load_dataset(shop, index)
    backing = Popularity().fit(_on(data, items))
    return FittedBacked(personal, backing), items


def recommend_by(shop: Shop, index: LiveCatalogue, name: str, request: Request) -> Answer:
    """What a trained model of the table would recommend, under the same rules as everything else.

    The one reason of every product is the model itself, with its whole score. Raises what ``open_model``
    does.
    """
    model, items = open_model(shop, index, name)
    now = index.pinned()
    known = Known.of(shop, request)
    shelf = Shelf.of(now.table, items)
    history = known.history(request, shelf, shop.event_weights)
    out = barred(request, shelf, known.met(items))
    scores = model.score(history, out[None, :])[0].astype(np.float32)
    scores[out] = -np.inf
    ranked = top_k(scores[None, :], len(items))[0]
    ranked = ranked[ranked >= 0]
    spread = _from_zero(scores, ranked, model.silence)
    rows = choose(ranked, spread, items, Choice(request.k, request.category_cap, request.diversity or 0.0))
    reason = (Reason(name, 1.0, None, None, kind(name).about),) if request.why else ()
    chosen = tuple(Recommendation(items.ids[row], float(spread[row]), reason) for row in rows)
    silent = kind(name).fallback == "popularity" and not int(history.liked()[0])
    return Answer(chosen, (NO_SIGNAL if known.events else NO_HISTORY) if silent else None)


def _from_zero(scores: Floats, ranked: Ints, silence: float) -> Floats:
    """Scores in [0, 1] in the same order: 1 for the best, 0 for the least and for what it is silent of."""
    found = np.zeros(len(scores), np.float32)
    heard = ranked[scores[ranked] > silence]
    if len(heard):
        low, high = float(scores[heard[-1]]), float(scores[heard[0]])
        found[heard] = (scores[heard] - low) / (high - low) if high > low else 1.0
    return found


def _on(data: Dataset, items: Items) -> Dataset:
    """The data's popularity is counted over its own products; they are those of the same moment."""
    return data if data.items.ids == items.ids else replace(data, items=items)


def _recipe(of: Kind, settings: Mapping[str, Any]) -> Recipe:
    usual = of.make(0)
    values = {key: float("inf") if value == NEVER else value for key, value in settings.items()}
    return cast("Recipe", replace(cast("Any", usual), **values))


def _words(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: NEVER if value == float("inf") else value for key, value in settings.items()}


def _save(kept: Kept, told: Mapping[str, Any], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        arrays = {f"item-{name}": values for name, values in kept.per_item.items()}
        arrays |= {f"other-{name}": values for name, values in kept.other.items()}
        for name, table in kept.pairs.items():
            arrays |= {
                f"pairs-{name}-data": table.data,
                f"pairs-{name}-columns": table.indices,
                f"pairs-{name}-starts": table.indptr,
            }
        names = {key: f"{number}.npy" for number, key in enumerate(sorted(arrays))}
        for key, file in names.items():
            np.save(fresh / file, arrays[key], allow_pickle=False)
            sync(fresh / file)
        manifest = {
            "format": FORMAT,
            "about": dict(told),
            "ids": list(kept.ids),
            "facts": dict(kept.facts),
            "arrays": {key: [file, sha256_of(fresh / file)] for key, file in names.items()},
        }
        replace_text(fresh / FILE, json.dumps(manifest))
        sync(fresh)
        shutil.rmtree(place, ignore_errors=True)
        os.replace(fresh, place)
        sync(place.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _load(place: Path, name: str) -> tuple[dict[str, Any], Kept]:
    command = f"`vitrine train --shop {place.parent.parent} --model {name}`"
    again = f"run {command} again"
    try:
        manifest = json.loads((place / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotTrained(f"the model {name!r} has not been trained in this shop; run {command}") from None
    except ValueError:
        raise Damaged(f"what is kept of the model {name!r} cannot be read; {again}") from None
    if manifest.get("format") != FORMAT:
        raise NotTrained(f"the model {name!r} was trained by another version of Vitrine; {again}")
    arrays: dict[str, Any] = {}
    for key, (file, digest) in manifest["arrays"].items():
        path = place / file
        if not path.is_file() or sha256_of(path) != digest:
            raise Damaged(f"{file} of the model {name!r} is missing or does not match its checksum; {again}")
        arrays[key] = np.load(path, allow_pickle=False)
    ids = tuple(manifest["ids"])
    of_pairs = {key.removeprefix("pairs-").removesuffix("-data") for key in arrays if key.endswith("-data")}
    pairs = {
        pair: sparse.csr_array(
            tuple(arrays[f"pairs-{pair}-{part}"] for part in ("data", "columns", "starts")),
            shape=(len(ids), len(ids)),
        )
        for pair in sorted(of_pairs)
        if f"pairs-{pair}-starts" in arrays
    }
    kept = Kept(
        ids,
        per_item={k.removeprefix("item-"): v for k, v in arrays.items() if k.startswith("item-")},
        pairs=pairs,
        other={k.removeprefix("other-"): v for k, v in arrays.items() if k.startswith("other-")},
        facts=manifest["facts"],
    )
    return manifest["about"], kept

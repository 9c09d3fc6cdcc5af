"""A live answer takes shorter ways to its candidates than the evaluation, and comes to the same list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest

from data.where import parse
from index.generation import build_generation
from index.search import CatalogueIndex
from recommender import proposing
from recommender.known import Known
from recommender.proposing import _Nearby
from recommender.recommender import Recommender, Request
from recommender.rules import barred
from recommender.topk import top_k
from tests.index.shops import SPACE
from tests.recommender.conftest import START, Corner, build_corner

PRODUCTS, K, NOW = 600, 20, START + timedelta(days=91)
CUSTOMERS = [Request(f"c{at:03d}", k=K, why=False, at=NOW) for at in range(24)]
ASKED = [
    *CUSTOMERS,
    replace(CUSTOMERS[0], seen="keep"),
    replace(CUSTOMERS[1], where=parse('category = "kind 1"')),
    replace(CUSTOMERS[2], exclude=frozenset({"p006", "p010"})),
    Request("nobody", k=K, why=False, at=NOW),
]


@dataclass
class Asked:
    """How often the index was asked, and how often it found enough."""

    times: int = 0
    answered: int = 0


@pytest.fixture(scope="module")
def corner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corner]:
    """With the default settings, and an approximate index. More products than a source proposes."""
    made = build_corner(tmp_path_factory.mktemp("proposing") / "shop", PRODUCTS, customers=150)
    build_generation(made.shop, made.shop.space(SPACE), "IVF8,Flat", wanted_recall=1.0)
    made.index = CatalogueIndex.open(made.shop)
    yield made
    made.shop.close()


@pytest.fixture
def recommender(corner: Corner) -> Recommender:
    return Recommender.open(corner.shop, corner.index)


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The index is asked however few products there are."""
    asked, real = Asked(), _Nearby._rows

    def counted(self: _Nearby, *given: object) -> object:
        def near(*probes: object) -> object:
            asked.times += 1
            found = self.near(*probes)  # type: ignore[arg-type]
            asked.answered += found is not None
            return found

        return real(replace(self, near=near), *given)  # type: ignore[arg-type]

    monkeypatch.setattr(proposing, "CHEAP", 0)
    monkeypatch.setattr(_Nearby, "_rows", counted)
    return asked


def live(recommender: Recommender, request: Request) -> list[str]:
    return [item.product_id for item in recommender.recommend(request).items]


def ranked_in_full(recommender: Recommender, request: Request) -> list[str]:
    """As the evaluation asks: every source scores all products."""
    view = recommender._views.current()
    known = Known.of(recommender._shop, request)
    history = known.history(request, view.shelf, recommender._shop.event_weights)
    out = barred(request, view.shelf, known.met(view.items))[None, :]
    scores = np.where(out, -np.inf, view.vitrine.score(history, out)).astype(np.float32)
    return [view.items.ids[row] for row in top_k(scores, request.k)[0] if row >= 0]


def test_the_live_list_is_that_of_the_full_ranking(recommender: Recommender) -> None:
    lists = [live(recommender, request) for request in ASKED]
    assert lists == [ranked_in_full(recommender, request) for request in ASKED]
    assert recommender._learned.settings.depth < PRODUCTS
    assert all(len(found) == K for found in lists)
    assert len({tuple(found) for found in lists}) > len(CUSTOMERS) / 2, "customers are told apart"


def test_so_is_the_one_by_way_of_the_index(recommender: Recommender, indexed: Asked) -> None:
    lists = [live(recommender, request) for request in ASKED]
    assert indexed.times == indexed.answered == len(ASKED) - 1, "all but the customer without a history"
    full = [ranked_in_full(recommender, request) for request in ASKED]
    shared = [len({*mine} & {*theirs}) / K for mine, theirs in zip(lists, full, strict=True)]
    assert np.mean(shared) > 0.98, "but for what the index misses"

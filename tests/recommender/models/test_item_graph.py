"""The item graph against dense matrices worked out another way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from recommender.items import Items
from recommender.models.appearance import Appearance
from recommender.models.item_graph import ItemGraph, Nodes, likes_graph, look_alikes, nearest
from recommender.models.item_graph_learning import _Learner, _tensor
from recommender.models.taught import Likes, likes_in
from tests.recommender.makers import data_of, items_of
from tests.recommender.models.planted import asker, planted

ITEMS = items_of(more=["blind"])
LIKES = likes_in(
    data_of(ITEMS, [("u", "shoe1", 1, 1), ("u", "hat1", 1, 2), ("v", "shoe1", 1, 3), ("v", "blind", 1, 4)])
)


def test_every_photo_is_joined_to_itself_and_the_most_alike() -> None:
    graph = look_alikes(ITEMS, 2).toarray()
    joined = {
        name: {ITEMS.ids[other] for other in np.flatnonzero(graph[row])} for name, row in ITEMS.row_of.items()
    }
    assert joined["shoe1"] == {"shoe1", "shoe2"}
    assert joined["shoe3"] == {"shoe3", "shoe2"}
    assert joined["hat1"] == {"hat1", "hat2"}
    assert joined["blind"] == set()
    assert set(graph[graph > 0].tolist()) == {0.5}


def test_a_twin_does_not_push_a_photo_out_of_its_own_row() -> None:
    vectors = np.asarray([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    assert nearest(vectors, np.arange(4), np.arange(4), 1)[:, 0].tolist() == [0, 1, 2, 3]
    assert nearest(vectors, np.asarray([2]), np.asarray([0, 3]), 5).tolist() == [[0, 3]]


def test_an_edge_counts_less_the_more_both_ends_like_or_are_liked() -> None:
    graph = likes_graph(LIKES).toarray()
    shoe, hat = ITEMS.row_of["shoe1"], ITEMS.row_of["hat1"]
    assert graph[0, shoe] == pytest.approx(1 / np.sqrt(2 * 2))
    assert graph[0, hat] == pytest.approx(1 / np.sqrt(2 * 1))
    assert graph[1, hat] == 0


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("hops", [1, 2])
def test_the_nodes_are_lightgcns_and_freedoms(layers: int, hops: int) -> None:
    """Against powers of the adjacency matrix of customers and products together."""
    recipe = ItemGraph(dims=3, layers=layers, hops=hops)
    embedding = np.random.default_rng(1).normal(size=(len(ITEMS), 3)).astype(np.float32)
    graph = look_alikes(ITEMS, 2)
    nodes = Nodes.of(embedding, graph, LIKES, recipe)
    links = likes_graph(LIKES).toarray().astype(np.float64)
    whole = np.block([[np.zeros((2, 2)), links], [links.T, np.zeros((len(ITEMS), len(ITEMS)))]])
    start = np.concatenate([np.zeros((2, 3)), embedding])
    mean = sum(np.linalg.matrix_power(whole, step) @ start for step in range(layers + 1)) / (layers + 1)
    spread = np.linalg.matrix_power(graph.toarray().astype(np.float64), hops) @ embedding
    assert nodes.answer == pytest.approx(mean[2:] + spread, abs=1e-5)
    customers = (LIKES.matrix() @ nodes.told) / np.sqrt(2)
    assert customers == pytest.approx(mean[:2], abs=1e-5)
    cold = np.flatnonzero(LIKES.counts() == 0)
    assert nodes.told[cold] == pytest.approx(spread[cold] / (layers + 1), abs=1e-5)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_what_is_trained_is_what_is_asked(layers: int) -> None:
    recipe = ItemGraph(dims=4, layers=layers, device="cpu")
    graph = look_alikes(ITEMS, 2)
    learner = _Learner(Appearance.of(ITEMS).inputs(ITEMS), graph, LIKES, recipe, lambda _: 0.0)
    links = likes_graph(LIKES)
    there, back = _tensor(links, torch.device("cpu")), _tensor(links.T.tocsr(), torch.device("cpu"))
    people, answer = (part.detach().numpy() for part in learner._forward(there, back))
    embedding = learner.embedding()
    assert not embedding[LIKES.counts() == 0].any()
    nodes = Nodes.of(embedding, graph, LIKES, recipe)
    assert answer == pytest.approx(nodes.answer, abs=1e-6)
    assert people == pytest.approx((LIKES.matrix() @ nodes.told) / np.sqrt(2), abs=1e-6)


def test_edges_of_an_epoch_are_a_share_and_seldom_the_popular_ones() -> None:
    rng = np.random.default_rng(3)
    owners = np.repeat(np.arange(40), 5)
    items = np.concatenate([[0, *rng.choice(np.arange(1, 60), 4, replace=False)] for _ in range(40)])
    likes = Likes(np.arange(0, 201, 5), items.astype(np.int64), np.zeros(200), 60)
    assert np.array_equal(likes.owners, owners)
    whole = items_of({}, more=[f"p{i}" for i in range(60)])
    learner = _Learner(
        np.zeros((60, 2), np.float32),
        look_alikes(whole, 2),
        likes,
        ItemGraph(dims=2, visible=0.3, device="cpu"),
        lambda _: 0.0,
    )
    drawn = np.mean([learner._edges() for _ in range(60)], axis=0)
    assert drawn.sum() == pytest.approx(60)
    assert drawn[items == 0].mean() < 0.7 * drawn[items > 0].mean()


def test_a_new_product_is_joined_as_if_it_had_been_in_the_graph_and_pulled_at_nobody() -> None:
    data = planted(customers=24)
    recipe = ItemGraph(dims=8, neighbours=4, hops=2, epochs=2, device="cpu")
    fitted = recipe.fit(data)
    looks = {
        name: data.items.vectors[row] for name, row in data.items.row_of.items() if data.items.has_vector[row]
    }
    looks["late"] = looks["g1-0"]
    today = Items.build([*data.items.ids, "late"], vectors=looks, space="toy")
    again = recipe.restored(fitted.kept().over(today), today)
    row = today.row_of["late"]
    old = np.asarray([r for r in range(len(today)) if r != row and today.has_vector[r]])
    friends = old[np.argsort(-(today.vectors[old] @ today.vectors[row]), kind="stable")[:3]]
    spread = fitted.kept().over(today).per_item["spread"]
    first = spread[friends, 0].sum(axis=0) / 4
    assert again.answer[row] == pytest.approx((first + spread[friends, 1].sum(axis=0)) / 4, abs=1e-6)
    others = [r for r in range(len(today)) if r != row]
    assert np.array_equal(
        again.score(asker(today, 1))[0][others],
        recipe.restored(fitted.kept().over(today), today).score(asker(today, 1))[0][others],
    )
    before = dict(zip(data.items.ids, fitted.score(asker(data.items, 1))[0], strict=True))
    after = dict(zip(today.ids, again.score(asker(today, 1))[0], strict=True))
    assert max(abs(after[name] - before[name]) for name in before if name != "unknown") < 1e-5


def test_the_part_beside_pulls_at_the_photos() -> None:
    data = planted(customers=24)
    told = asker(data.items, 0)
    base = ItemGraph(dims=8, epochs=3, device="cpu")
    without, much = (replace(base, aside=aside).fit(data).score(told) for aside in (0.0, 5.0))
    assert not np.allclose(without, much)

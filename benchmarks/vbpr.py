"""Our VBPR beside Cornac's: the same data, the same initial parameters, the same triples in the same order.

``python -m benchmarks.vbpr [--quick] [--no-record]``

Tells the largest difference of the scores of all customers and products after training, and how many triples
a second each learns from. Cornac adds terms
of the shape (B, 1) to terms of the shape (B,), which broadcasts to (B, B): every triple of a batch is mixed
with the visual bias of all others. At batch size 1 there is nothing to mix, so there the two must agree; at a
larger one they cannot, which is shown beside it. Cornac is set up in an environment of
its own on first need and lent our torch.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from benchmarks.framework import Report, Row, Size, Spread, Table, main
from benchmarks.peers.environment import Peer, Worker
from recommender.models.vbpr import Vbpr, VisualFactors
from recommender.models.vbpr_learning import follow

CUSTOMERS, PRODUCTS, WIDTH, LIKES = 40, 60, 24, 8
BATCHES = (1, 32)
SEED = 7
TURNS: Mapping[Size, int] = {"quick": 2, "full": 7}
OURS = Vbpr(dims=6, visual_dims=5, rate=0.005, decay=0.01, decay_bias=0.01, decay_visual=0.001, epochs=5)


def drawn(seed: int = SEED) -> tuple[np.ndarray, np.ndarray, VisualFactors]:
    """features (n, d), likes (2, m) and initial parameters."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.2, shape).astype(np.float32)

    features = normal(PRODUCTS, WIDTH)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    liked = np.concatenate([np.sort(rng.choice(PRODUCTS, LIKES, replace=False)) for _ in range(CUSTOMERS)])
    likes = np.stack([np.repeat(np.arange(CUSTOMERS), LIKES), liked])
    start = VisualFactors(
        item_bias=normal(PRODUCTS),
        item=normal(PRODUCTS, OURS.dims),
        customer=normal(CUSTOMERS, OURS.dims),
        customer_looks=normal(CUSTOMERS, OURS.visual_dims),
        projection=normal(WIDTH, OURS.visual_dims),
        looks_bias=normal(WIDTH),
    )
    return features, likes, start


def kept(path: Path, batch: int) -> None:
    """Everything that both begin with."""
    features, likes, start = drawn()
    np.savez(
        path,
        features=features,
        likes=likes,
        item_bias=start.item_bias,
        item=start.item,
        customer=start.customer,
        customer_looks=start.customer_looks,
        projection=start.projection,
        looks_bias=start.looks_bias,
        batch=batch,
        seed=SEED,
        **{name: getattr(OURS, name) for name in ("epochs", "rate", "decay", "decay_bias", "decay_visual")},
    )


def beside(worker: Worker, batch: int, turns: int) -> Table:
    """Both after the same training with batches of one size; Cornac goes first: it draws the triples."""
    features, _, start = drawn()
    ours, theirs, gaps = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vbpr.npz"
        kept(path, batch)
        for _ in range(turns):
            answer = worker.ask("train", data=str(path))
            batches = [tuple(np.asarray(part, np.int64) for part in triple) for triple in answer["triples"]]
            learnt = sum(len(triple[0]) for triple in batches)
            theirs.append(learnt / answer["seconds"])
            began = time.perf_counter()
            followed = follow(features, start, batches, OURS)
            ours.append(learnt / (time.perf_counter() - began))
            gaps.append(np.abs(followed.scores(features) - np.asarray(answer["scores"])).max())
    scores = followed.scores(features)
    moved = np.abs(scores - start.scores(features)).max()
    rows = [
        Row("ours", "ours", Spread.of(ours), {"largest difference": f"{max(gaps):.1e}"}),
        Row(f"Cornac {answer['version']}", "peer", Spread.of(theirs)),
    ]
    notes = (
        f"{len(batches)} steps, which moved scores by up to {moved:.2g}; {scores.size:,} scores from "
        f"{scores.min():.2f} to {scores.max():.2f}",
    )
    return Table(f"Training VBPR in batches of {batch}", "triples/s", "more", rows, notes=notes)


def run(size: Size) -> Report:
    """A table per batch size. Raises PeerFails where Cornac cannot be set up: there is nothing to compare."""
    libraries = str(Path(torch.__file__).parent.parent)
    peer = Peer("Cornac's VBPR", "cornac==3.0.1", "with_cornac_vbpr.py")
    with peer.working(libraries) as worker:
        return Report([beside(worker, batch, TURNS[size]) for batch in BATCHES])


if __name__ == "__main__":
    sys.exit(main(__doc__, "vbpr", run))

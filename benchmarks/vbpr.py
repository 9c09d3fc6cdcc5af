"""Our VBPR beside Cornac's: the same data, the same initial parameters, the same triples in the same order.

``python -m benchmarks.vbpr [--quick] [--json FILE]``

Prints the largest difference of the scores of all customers and products after training. Cornac adds terms
of the shape (B, 1) to terms of the shape (B,), which broadcasts to (B, B): every triple of a batch is mixed
with the visual bias of all others. At batch size 1 there is nothing to mix, so there the two must agree; at a
larger one they cannot, which is shown beside it (not with ``--quick``). Cornac is set up in an environment of
its own on first need and lent our torch.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.peers.environment import Peer
from recommender.models.vbpr import Vbpr, VisualFactors
from recommender.models.vbpr_learning import follow

CUSTOMERS, PRODUCTS, WIDTH, LIKES = 40, 60, 24, 8
BATCHES = (1, 32)
SEED = 7
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


def beside(peer: Peer, batch: int) -> dict[str, Any]:
    """Both after the same training with batches of one size."""
    features, likes, start = drawn()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vbpr.npz"
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
            **{
                name: getattr(OURS, name)
                for name in ("epochs", "rate", "decay", "decay_bias", "decay_visual")
            },
        )
        theirs = peer.turn(path, CUSTOMERS)
    batches = [tuple(np.asarray(part, np.int64) for part in triple) for triple in theirs["triples"]]
    ours = follow(features, start, batches, OURS).scores(features)
    gaps = np.abs(ours - np.asarray(theirs["scores"]))
    return {
        "batch": batch,
        "steps": len(batches),
        "version": theirs["version"],
        "largest_difference": float(gaps.max()),
        "scores_from": float(ours.min()),
        "scores_to": float(ours.max()),
        "moved_by": float(np.abs(ours - start.scores(features)).max()),
    }


def main() -> None:
    """Print a line per batch size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="batch size 1 alone")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    libraries = str(Path(torch.__file__).parent.parent)
    peer = Peer("Cornac's VBPR", "cornac==3.0.1", "with_cornac_vbpr.py", (libraries,))
    peer.set_up()
    found = [beside(peer, batch) for batch in (BATCHES[:1] if chosen.quick else BATCHES)]
    for one in found:
        print(
            f"batch {one['batch']}: after {one['steps']} steps, which moved scores by up to "
            f"{one['moved_by']:.2g}, the largest difference of {CUSTOMERS * PRODUCTS:,} scores "
            f"({one['scores_from']:.2f} to {one['scores_to']:.2f}) is {one['largest_difference']:.2g}"
        )
    if chosen.json:
        told = {"settings": asdict(OURS), "runs": found}
        chosen.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

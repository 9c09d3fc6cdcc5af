"""Cornac's VBPR, run by its own Python: ``python with_cornac_vbpr.py LIBRARIES``, then asked to ``train``.

It is trained from the parameters in a file; the answer has the triples in the order in which it took them,
its scores of all customers and products, and the seconds that the training took. It learns with torch, which
its requirements do not name: LIBRARIES is where torch lies, looked at last, so that all else is of its own
environment.
"""

from __future__ import annotations

import sys
import time
from importlib.metadata import version

import numpy as np
from answering import answering


def trained(data: dict[str, np.ndarray]) -> dict[str, object]:
    """The triples and the scores."""
    from cornac.data import Dataset, ImageModality
    from cornac.models import VBPR

    customers, products = len(data["customer"]), len(data["item"])
    likes = Dataset(
        customers,
        products,
        {at: at for at in range(customers)},
        {at: at for at in range(products)},
        (data["likes"][0], data["likes"][1], np.ones(data["likes"].shape[1])),
        seed=int(data["seed"]),
    )
    likes.add_modalities(item_image=ImageModality(features=data["features"]))
    drawn = likes.uij_iter
    triples: list[list[list[int]]] = []

    def recorded(batch_size: int, shuffle: bool) -> object:
        for batch in drawn(batch_size, shuffle):
            triples.append([np.asarray(part).tolist() for part in batch])
            yield batch

    likes.uij_iter = recorded
    model = VBPR(
        k=data["item"].shape[1],
        k2=data["customer_looks"].shape[1],
        n_epochs=int(data["epochs"]),
        batch_size=int(data["batch"]),
        learning_rate=float(data["rate"]),
        lambda_w=float(data["decay"]),
        lambda_b=float(data["decay_bias"]),
        lambda_e=float(data["decay_visual"]),
        verbose=False,
        init_params={
            "Bi": data["item_bias"],
            "Gu": data["customer"],
            "Gi": data["item"],
            "Tu": data["customer_looks"],
            "E": data["projection"],
            "Bp": data["looks_bias"][:, None],
        },
    )
    began = time.perf_counter()
    model.fit(likes)
    seconds = time.perf_counter() - began
    scores = [np.asarray(model.score(customer), np.float64).tolist() for customer in range(customers)]
    return {"version": version("cornac"), "seconds": seconds, "triples": triples, "scores": scores}


def main() -> None:
    """Answer."""
    sys.path.append(sys.argv[1])

    def train(data: str) -> dict[str, object]:
        with np.load(data, allow_pickle=False) as file:
            return trained(dict(file))

    answering({"train": train})


if __name__ == "__main__":
    main()

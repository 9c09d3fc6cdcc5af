"""Cornac's VBPR, run by its own Python: ``python with_cornac_vbpr.py DATA CUSTOMERS LIBRARIES``.

Trains it from the parameters in DATA, and prints one line of JSON with the triples in the order in which it
took them and its scores of all customers and products. It learns with torch, which its requirements do not
name: LIBRARIES is where torch lies, looked at last, so that all else is of its own environment.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

import numpy as np


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
    model.fit(likes)
    scores = [np.asarray(model.score(customer), np.float64).tolist() for customer in range(customers)]
    return {"version": version("cornac"), "triples": triples, "scores": scores}


def main() -> None:
    """Train, print."""
    sys.path.append(sys.argv[3])
    with np.load(sys.argv[1], allow_pickle=False) as file:
        data = dict(file)
    print(json.dumps(trained(data)))


if __name__ == "__main__":
    main()

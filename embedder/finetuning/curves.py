"""The course of a training as files: ``curves.csv`` for machines, ``curves.png`` for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields

from embedder.finetuning.loop import Epoch


def as_csv(history: Sequence[Epoch]) -> str:
    """One line an epoch, with a header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in history)
    return out.getvalue()


def as_png(history: Sequence[Epoch], best: int, title: str) -> bytes:
    """Loss, validation and rate over the epochs; the epoch that was kept is marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    epochs = [epoch.number for epoch in history]
    series = {
        "loss": [epoch.loss for epoch in history],
        "validation mAP@R": [epoch.value for epoch in history],
        "learning rate": [epoch.rate for epoch in history],
    }
    for axes, (name, values) in zip(figure.subplots(1, 3), series.items(), strict=True):
        axes.plot(epochs, values, marker="o", markersize=3, color="#2b5d8a")
        axes.axvline(best, color="#c0392b", linewidth=1, linestyle=":")
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("epoch", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.25)
    figure.suptitle(f"{title} (dotted: the epoch that was kept)", fontsize=10)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=120)
    return out.getvalue()

"""A search as a picture: what every trial came to, and which settings made the difference."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from embedder.finetuning.study import FINISHED, PRUNED, Importances, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = {FINISHED: ("o", "#2b5d8a"), PRUNED: ("x", "#999999")}
BEST = "#c0392b"


def as_png(trials: Sequence[Trial], importances: Importances, title: str) -> bytes:
    """Value by trial with the best so far, and importances; PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_trials(left, trials)
    _draw_importances(right, importances)
    # Below both, where it hides no trial.
    figure.legend(loc="outside lower left", ncols=3, fontsize=8)
    figure.suptitle(f"{title}: {len(trials)} settings tried on validation", fontsize=10)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=120)
    return out.getvalue()


def _draw_trials(axes: Axes, trials: Sequence[Trial]) -> None:
    for state, (mark, colour) in MARKS.items():
        shown = [trial for trial in trials if trial.state == state and trial.value is not None]
        if shown:
            numbers, values = [t.number for t in shown], [t.value or 0.0 for t in shown]
            axes.plot(numbers, values, mark, color=colour, markersize=5, linestyle="", label=state)
    best, numbers, so_far = float("-inf"), [], []
    for trial in trials:
        if trial.state == FINISHED and trial.value is not None:
            best = max(best, trial.value)
        if best > float("-inf"):
            numbers.append(trial.number)
            so_far.append(best)
    axes.step(numbers, so_far, where="post", color=BEST, linewidth=1, label="best so far")
    axes.set_title("validation mAP@R", fontsize=10)
    axes.set_xlabel("trial", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.25)


def _draw_importances(axes: Axes, importances: Importances) -> None:
    axes.set_title("share of the differences", fontsize=10)
    if importances.shares is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, f"cannot be told:\n{importances.text}", ha="center", va="center", fontsize=9)
        return
    # Largest on top.
    names = list(importances.shares)[::-1]
    shares = [importances.shares[name] for name in names]
    axes.barh(names, shares, color="#2b5d8a")
    for place, share in enumerate(shares):
        axes.text(share, place, f" {share:.2f}", va="center", fontsize=8)
    axes.set_xlim(0, 1.12 * max(shares))
    axes.set_xlabel(importances.text, fontsize=8)
    axes.tick_params(labelsize=8)

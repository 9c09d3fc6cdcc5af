"""The charts of a report as SVG to stand inside a page, drawn by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.evaluating.result import LabelResult
from service.lookalikes import Calibration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
SIZE = (5.6, 3.6)
BINS = 60
RATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
METADATA = ("Date", "Creator", "Format", "Type")
"""What matplotlib would write about itself."""


def cmc(labels: Sequence[LabelResult]) -> str:
    """Recall@k over k, with intervals, one line a label."""
    with _drawn() as (axes, done):
        for colour, one in zip(_colours(labels), labels, strict=True):
            ranks = np.arange(1, len(one.cmc) + 1)
            axes.plot(ranks, [i.mean for i in one.cmc], color=colour, label=one.label)
            axes.fill_between(
                ranks, [i.low for i in one.cmc], [i.high for i in one.cmc], color=colour, alpha=0.18, lw=0
            )
        axes.set(xlabel="first k answers", ylabel="share of photos with a right one", ylim=(None, 1.005))
        axes.legend(frameon=False)
    return done[0]


def roc(labels: Sequence[LabelResult]) -> str:
    """1 - FNMR over FMR (on a logarithmic axis), one line a label; dots where thresholds are told."""
    with _drawn() as (axes, done):
        for colour, one in zip(_colours(labels), labels, strict=True):
            if one.verification is None:
                continue
            curve = one.verification.curve
            seen = curve.fmr >= 1 / max(one.verification.impostors, 1)
            axes.plot(curve.fmr[seen], 1 - curve.fnmr[seen], color=colour, label=f"pairs of one {one.label}")
            points = one.verification.at
            axes.plot([p.fmr for p in points], [1 - p.fnmr.mean for p in points], "o", color=colour, ms=5)
        axes.set(xscale="log", xlim=(RATES[0], 1), ylim=(0, 1.005))
        axes.set_xticks(RATES, [f"{100 * rate:g} %" for rate in RATES])
        axes.set(xlabel="false match rate", ylabel="share of genuine pairs accepted")
        axes.legend(frameon=False)
    return done[0]


def look_alikes(best: NDArray[np.float64], found: Calibration) -> str:
    """How close the nearest other product is, over all queries, and where the thresholds lie."""
    with _drawn() as (axes, done):
        known = best[~np.isnan(best)]
        axes.hist(known, bins=BINS, color=COLOURS[0], alpha=0.75)
        for cosine, words, colour in (
            (found.cosine, "look-alike from here", COLOURS[1]),
            (found.same_product, "same product from here", COLOURS[2]),
        ):
            axes.axvline(cosine, color=colour, lw=1.5, label=f"{words}: {cosine:.3f}")
        axes.set(xlabel="cosine to the nearest other product", ylabel="photos")
        axes.legend(frameon=False, loc="upper left")
    return done[0]


def _colours(labels: Sequence[object]) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(len(labels))]


@contextmanager
def _drawn() -> Iterator[tuple[Axes, list[str]]]:
    """A chart to draw in, and a list that holds its SVG afterwards: text as text, the same every time."""
    import matplotlib
    from matplotlib.figure import Figure

    done: list[str] = []
    # A column may have a dollar in its name, which is no formula.
    with matplotlib.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": "vitrine", "font.size": 10, "text.parse_math": False}
    ):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e5e7eb", lw=0.8)
        axes.set_axisbelow(True)
        yield axes, done
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata=dict.fromkeys(METADATA))
    text = out.getvalue()
    done.append(text[text.index("<svg") :])

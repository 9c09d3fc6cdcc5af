"""The charts of a comparison, as SVG that stands inside a page: no script, no file, no network."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from embedder.comparing.comparison import Comparison
    from embedder.comparing.judging import Paired
    from embedder.comparing.summary import Curve

COLOURS: Mapping[str, str] = {
    "colour": "#b45309",
    "random": "#9ca3af",
    "frozen": "#1f2933",
    "frozen-max": "#6b7280",
    "indexed": "#475569",
    "fixed": "#0072b2",
    "partial": "#009e73",
    "full": "#d55e00",
    "progressive": "#a855a0",
    "scratch": "#b8860b",
    "snapshots": "#7f5539",
    "soup": "#be185d",
    "joined": "#4338ca",
}
MARKERS: Mapping[str, str] = {
    "colour": "P",
    "random": "X",
    "frozen": "o",
    "frozen-max": "p",
    "indexed": "h",
    "fixed": "s",
    "partial": "^",
    "full": "D",
    "progressive": "v",
    "scratch": "*",
    "snapshots": "<",
    "soup": "d",
    "joined": ">",
}
OTHERS = ("#0072b2", "#d55e00", "#009e73", "#a855a0", "#b8860b", "#1f2933", "#56b4e9", "#6b7280")
SHAPES = "osD^v*Ph"
BETTER, WORSE, UNSURE = "#15803d", "#b91c1c", "#6b7280"
GRID, FRONT = "#e5e7eb", "#cbd5e1"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "vitrine",
    "text.parse_math": False,
    "font.size": 9.0,
    "axes.edgecolor": "#9ca3af",
    "axes.labelcolor": "#374151",
    "xtick.color": "#374151",
    "ytick.color": "#374151",
}
NOTHING = {"Date": None, "Creator": None, "Format": None, "Type": None}


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of quality against speed. front: whether it is on the front. interval: of the quality."""

    name: str
    colour: str
    marker: str
    quality: float
    speed: float
    front: bool
    interval: tuple[float, float] | None


def by_labels(found: Comparison, label: str) -> str:
    """mAP@R against the labelled products that were learnt from; what learns nothing as a line across."""

    def draw(axes: Axes) -> None:
        for name in found.design.untrained:
            flat = [m for m in found.means if m.entry.method == name and m.label == label]
            if flat:
                style = "-" if name == "frozen" else ":"
                axes.axhline(flat[0].map_at_r.mean, color=COLOURS[name], linestyle=style, linewidth=1.1)
        for name in found.design.trained:
            means = [m for m in found.means if m.entry.method == name and m.label == label]
            if means:
                value = [m.map_at_r.mean for m in means]
                low = [m.map_at_r.mean - m.map_at_r.low for m in means]
                high = [m.map_at_r.high - m.map_at_r.mean for m in means]
                axes.errorbar(
                    [m.products for m in means],
                    value,
                    [low, high],
                    color=COLOURS[name],
                    marker=MARKERS[name],
                    markersize=5,
                    linewidth=1.4,
                    elinewidth=0.9,
                    capsize=2,
                )
        axes.set_xscale("log")
        _plain_numbers(axes)
        _named(axes, "labelled products learnt from", f"mAP@R of {label}, test")

    return drawn(draw)


def by_epochs(curves: Sequence[Curve]) -> str:
    """The course of validation against epochs, with the intervals of a run."""
    from matplotlib.ticker import MaxNLocator

    def draw(axes: Axes) -> None:
        _courses(axes, curves, lambda curve: [point.epoch for point in curve.points])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _named(axes, "epochs", "mAP@R, validation")

    return drawn(draw)


def by_seconds(curves: Sequence[Curve]) -> str:
    """The same against seconds of training."""

    def draw(axes: Axes) -> None:
        _courses(axes, curves, lambda curve: [point.seconds for point in curve.points])
        axes.set_xscale("log")
        _plain_numbers(axes)
        _named(axes, "seconds of training", "mAP@R, validation")

    return drawn(draw)


def front(spots: Sequence[Spot]) -> str:
    """Quality against speed; those that none beats in both are joined."""

    def draw(axes: Axes) -> None:
        best = sorted((spot for spot in spots if spot.front), key=lambda spot: spot.speed)
        axes.step(
            [spot.speed for spot in best],
            [spot.quality for spot in best],
            where="pre",
            color=FRONT,
            linewidth=2.5,
            zorder=1,
        )
        for spot in spots:
            if spot.interval is not None:
                axes.vlines(spot.speed, *spot.interval, color=spot.colour, linewidth=0.8, alpha=0.6)
            axes.scatter(
                [spot.speed],
                [spot.quality],
                s=64 if spot.front else 34,
                marker=spot.marker,
                color=spot.colour,
                edgecolors="#fff",
                linewidths=0.6,
                zorder=3,
            )
        axes.set_xscale("log")
        _plain_numbers(axes)
        _named(axes, "photos per second at inference", "mAP@R, test")

    return drawn(draw)


def differences(tests: Sequence[Paired], label: str) -> str:
    """Differences to another embedder with their intervals, one line each; coloured where they are sure."""
    from matplotlib.ticker import MaxNLocator

    def draw(axes: Axes) -> None:
        axes.axvline(0.0, color="#9ca3af", linewidth=1)
        for place, test in enumerate(reversed(tests)):
            gap = test.difference
            colour = {True: BETTER, False: WORSE, None: UNSURE}[test.better]
            axes.plot([gap.low, gap.high], [place, place], color=colour, linewidth=1.6)
            axes.scatter([gap.mean], [place], s=26, color=colour, zorder=3)
        axes.set_yticks(range(len(tests)), [test.entry.words for test in reversed(tests)])
        axes.set_ylim(-0.7, len(tests) - 0.3)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        _named(axes, f"difference of mAP@R of {label}", "")

    return drawn(draw, height=0.9 + 0.24 * len(tests))


def drawn(draw: Callable[[Axes], None], width: float = 5.2, height: float = 3.1) -> str:
    """One pair of axes as an ``<svg>`` element; sizes in inches, though a page scales it to its width."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots()
        axes.grid(color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata=NOTHING)
    text = out.getvalue()
    return text[text.index("<svg") :]


def _courses(axes: Axes, curves: Sequence[Curve], place: Callable[[Curve], list[float]]) -> None:
    for curve in curves:
        x, name = place(curve), curve.entry.method
        values = [point.value for point in curve.points]
        axes.plot(x, values, color=COLOURS[name], marker=MARKERS[name], markersize=4, linewidth=1.4)
        low, high = [point.low for point in curve.points], [point.high for point in curve.points]
        axes.fill_between(x, low, high, color=COLOURS[name], alpha=0.1, linewidth=0)


def _named(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _plain_numbers(axes: Axes) -> None:
    """2,000 instead of 2 × 10³."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    shown = FuncFormatter(lambda value, _: f"{value:,.4g}" if value < 1e4 else f"{value:,.0f}")
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0), numticks=9))
    axes.xaxis.set_major_formatter(shown)
    axes.xaxis.minorticks_off()

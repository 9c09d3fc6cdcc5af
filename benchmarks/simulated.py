"""Do looks help exactly where customers care for looks? A sweep over simulated customers, all SIMULATED.

``python -m benchmarks.simulated [--quick] [--no-record]``

One shop is drawn and indexed with the bundled embedder. Then its customers are simulated once for every ρ,
the share of the variance of true liking that visible attributes explain (``docs/demo.md``). Tastes live in
attributes and in a hidden part, never in the embedder's vectors. Models choose among six settings each on
windows before one global cut in time and answer two questions about what happened after it:

- all products: what did customers choose out of the whole catalogue?
- new products: a fifth of the products is hidden from the models with all that happened to them, each fifth
  in its turn; what did customers choose out of these products alone?

Of new products popularity and item-knn know nothing (they keep the order of a hash), so random is the model
to beat there. ``category`` reads the catalogue's column, something that photos show too: it is in the tables
for scale. Observed choices also follow popularity, season and errands; beside them stand figures of true
preference: the mean percentile of true liking in the list, and NDCG against what is truly liked best.

Looks win a question where they alone beat the best model without photos, or where a model of several sources
beats it and also beats itself with the photos shuffled among products (Vitrine also itself without any).
Expected: they win one at least where ρ > 0, and none at ρ = 0. A difference counts where its 95 % bootstrap
interval over customers excludes 0. The quick size asks for the two ends, ρ = 0 and 0.75, and fewer customers,
who may be too few to show an effect. ``python -m benchmarks.simulated --words [--customers N] [--products N]
[--rho 0,0.25,0.5,0.75] [--vitrine] [--json FILE]`` prints every interval instead, for settings of one's own,
and says by its exit code whether all is as expected; ``--vitrine`` adds Vitrine, whose tuning takes minutes
for each ρ.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import framework
from benchmarks.framework import Report, Role, Row, Size, Spread, Table
from benchmarks.sweep import LOOKS, METRICS, MIXED, PERCENTILE, PRIMARY, Gap, Swept, sweep
from data.demo.dials import Dials
from data.demo.make import make_demo, write_interactions
from data.demo.origin import Origin
from data.demo.stamp import STAMP, stamp
from recommender.dataset import Dataset
from recommender.source import load_dataset
from service.engine import Engine
from service.requests import EventsRequest, IndexRequest

SWEEP = Dials(popularity=0.3, taste=2.5)
"""Taste speaks louder than in the demo and popularity less, so that some hundred customers show an effect."""

SIZES: Mapping[Size, tuple[int, int, tuple[float, ...]]] = {
    "quick": (800, 240, (0.0, 0.75)),
    "full": (2500, 600, (0.0, 0.25, 0.5, 0.75)),
}
"""Customers, products and ρ."""


def shops(origin: Origin, rhos: Sequence[float], place: Path) -> Iterator[tuple[Origin, Dataset]]:
    """One photographed and indexed shop, again for every ρ with the interactions of its customers."""
    drawn = make_demo(place / "drawn", origin.products, origin.customers, origin.seed, dials=origin.dials)
    with Engine.create(place / "shop") as engine:
        engine.index_catalogue(IndexRequest(drawn.catalogue))
    for number, rho in enumerate(rhos):
        made, folder = origin.with_visual_share(rho), place / f"shop-{number}"
        shutil.copytree(place / "shop", folder)
        write_interactions(place / "events.csv", made.events())
        with Engine.open(folder) as engine:
            stamp(engine.shop, made)
            engine.import_interactions(EventsRequest(place / "events.csv"))
            yield made, load_dataset(engine.shop, engine.parts.index())


def table(found: Swept) -> str:
    """One ρ, for reading; every part of it under its stamp."""
    origin, dials = found.origin, found.origin.dials
    lines = [
        f"{STAMP}  ρ = {dials.visual_share:g} (popularity {dials.popularity:g}, taste {dials.taste:g}, noise "
        f"{dials.noise:g}, {dials.hidden_factors} hidden factors; {origin.products} products, "
        f"{origin.customers} customers, {found.interactions} interactions)",
    ]
    for question, answer in found.answers.items():
        head = f"{STAMP}  {question} ({answer.products}), {answer.customers} customers asked"
        lines += ["", head, f"{'':26s}" + "".join(f"{metric:>26s}" for metric in METRICS)]
        for model, row in answer.models.items():
            lines.append(f"{model:26s}" + "".join(f"{_cell(row[metric], metric):>26s}" for metric in METRICS))
        lines += [_line(gap) for gap in answer.gaps]
    return "\n".join([*lines, "", "as expected" if found.as_expected else "NOT AS EXPECTED"])


def _line(gap: Gap) -> str:
    low, high = gap.difference.interval
    verdict = "wins" if gap.wins else "loses" if high < 0 else "cannot be told apart"
    digits = 1 if gap.metric == PERCENTILE else 4
    figures = f"{gap.difference.mean:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"
    return f"  {gap.metric + ':':22s}{gap.model} - {gap.other}: {figures} {verdict}"


def _cell(bounds: tuple[float, float, float], metric: str) -> str:
    digits = 1 if metric == PERCENTILE else 4
    mean, low, high = (f"{value:.{digits}f}" for value in bounds)
    return f"{mean} [{low}, {high}]"


def _shares(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def run(size: Size) -> Report:
    """A table per ρ and question, the models' observed accuracy beside what their customers truly like."""
    customers, products, rhos = SIZES[size]
    origin = Origin(products, customers, 7, SWEEP)
    with tempfile.TemporaryDirectory() as place:
        found = [sweep(data, made, 7) for made, data in shops(origin, rhos, Path(place))]
    return Report(
        [one for swept in found for one in summed_up(swept)],
        {"stamp": STAMP, "sweep": [swept.as_json() for swept in found]},
    )


def summed_up(found: Swept) -> list[Table]:
    """Of one ρ, a table per question; what looks are compared with is a peer here."""
    tables, verdict = [], "as expected" if found.as_expected else "NOT AS EXPECTED"
    for question, answer in found.answers.items():
        order = sorted(answer.models, key=lambda model: (model not in (LOOKS, *MIXED), model))
        rows = []
        for model in order:
            figures = answer.models[model]
            mean, low, high = figures[PRIMARY]
            role: Role = "ours" if model in (LOOKS, *MIXED) else "peer"
            rest = {metric: figures[metric][0] for metric in METRICS if metric != PRIMARY}
            # Two turns are told so that the interval is shown.
            rows.append(Row(model, role, Spread(mean, low, high, 2), rest))
        notes = [
            f"{answer.customers} customers asked; lowest to highest is the 95 % interval over customers",
            f"looks win: {'yes' if answer.won_by_looks else 'no'}; ρ = "
            f"{found.origin.dials.visual_share:g} as a whole: {verdict}",
            *(_line(gap).strip() for gap in answer.gaps if gap.metric == PRIMARY),
        ]
        title = f"{STAMP}  ρ = {found.origin.dials.visual_share:g}: {question} ({answer.products} products)"
        tables.append(Table(title, PRIMARY, "more", rows, notes=notes))
    return tables


def in_words(words: Sequence[str]) -> int:
    """Sweep, print the tables of every ρ, and say by the exit code whether all is as expected."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.simulated --words",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--customers", type=int, default=2500)
    parser.add_argument("--products", type=int, default=600)
    parser.add_argument("--rho", type=_shares, default=(0.0, 0.25, 0.5, 0.75), help="shares, by commas")
    parser.add_argument("--popularity", type=float, default=SWEEP.popularity, help="its dial")
    parser.add_argument("--vitrine", action="store_true", help="with Vitrine, tuned: minutes for each ρ")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the figures here")
    chosen = parser.parse_args(words)
    dials = replace(SWEEP, popularity=chosen.popularity)
    origin, told = Origin(chosen.products, chosen.customers, chosen.seed, dials), []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        for made, data in shops(origin, chosen.rho, Path(place)):
            told.append(sweep(data, made, chosen.seed, chosen.vitrine))
            print(f"{table(told[-1])}\n", flush=True)
    print(f"{STAMP}  {time.perf_counter() - began:.0f} s")
    if chosen.json:
        rows = [found.as_json() for found in told]
        chosen.json.write_text(json.dumps({"stamp": STAMP, "sweep": rows}, indent=1) + "\n", encoding="utf-8")
    return 0 if all(found.as_expected for found in told) else 1


if __name__ == "__main__":
    if "--words" in sys.argv:
        sys.exit(in_words([word for word in sys.argv[1:] if word != "--words"]))
    sys.exit(framework.main(__doc__, "simulated", run))

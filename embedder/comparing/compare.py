"""A comparison from a shop to its verdict: runs the cells that have no result yet, within a time budget."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from data.errors import VitrineError
from data.shop import Shop
from embedder.comparing.answers import CellResult
from embedder.comparing.cell import Bench
from embedder.comparing.combined import Combination, forget
from embedder.comparing.comparison import (
    NETWORK,
    OWN,
    PALETTE,
    Comparison,
    Facts,
    Unrun,
    makeups,
    prices,
)
from embedder.comparing.costs import Cost, Opening, network_cost, palette_cost
from embedder.comparing.deadline import Deadline, OutOfTime
from embedder.comparing.grid import CELLS, INDEXED, MEMBERS, TRANSFERRED, Cell, Design
from embedder.comparing.judging import Paired, against_frozen, against_scratch, by_class, elsewhere
from embedder.comparing.material import Material
from embedder.comparing.negative import findings
from embedder.comparing.progress import Tell, Told
from embedder.comparing.scores import Scores
from embedder.comparing.shipping import Evidence, verdict
from embedder.comparing.store import Store
from embedder.comparing.summary import curves, entries, means
from embedder.comparing.untrained import at_own_side, check_possible, with_indexed
from embedder.embedder import Embedder
from embedder.finetuning.report import hardware
from embedder.finetuning.subject import input_of
from embedder.palettes import default_palette
from embedder.trained_on import caution

Run = Callable[[Callable[[str], None]], CellResult]


def compare(
    shop: Shop, base: Embedder, design: Design, folder: Path, opening: Opening, deadline: Deadline, tell: Tell
) -> Comparison:
    """Runs a design's cells and judges what there is.

    The shop must hold the base's vectors. folder: of the report; finished cells lie under ``cells`` in it and
    are not run again. opening: how another process opens the base, for its costs. Raises UsageError for
    labels or methods that cannot be; a cell that fails on its own is reported, and the others go on.
    """
    began = time.perf_counter()
    check_possible(base, design)
    design = with_indexed(base, design)
    material = Material.read(shop, base, design)
    products = material.examples.products
    minded = caution(base, base.name, (products[row] for row in material.asked().tolist()))
    store = Store(folder / CELLS)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    bench = Bench(base, design, material, store, opening.runtime, device, deadline)
    costs = _costs(base, design, store, opening, deadline)
    results, ran, unrun = _run(bench, tell)
    scores = Scores(results, {seed: material.measured(seed) for seed in material.held}, material.groups)
    facts = _facts(bench, minded)
    return _judged(bench, facts, scores, costs, ran, unrun, time.perf_counter() - began)


def _run(bench: Bench, tell: Tell) -> tuple[dict[Cell, CellResult], list[Cell], list[Unrun]]:
    """Every cell that can be had: known ones, then the others in order until the time is up.

    What a combined cell is made of, and so which result is its own, is known only when its turn comes.
    """
    cells, store = bench.design.cells(), bench.store
    digests = {cell: bench.digest(cell) for cell in cells if cell.method not in MEMBERS}
    results = {cell: known for cell in digests if (known := store.cell(cell, digests[cell])) is not None}
    ran: list[Cell] = []
    unrun: list[Unrun] = []
    for cell in cells:
        if cell in results:
            continue
        run: Run = partial(bench.run, cell)
        if cell.method in MEMBERS:
            combination = Combination.of(bench, cell, results, digests)
            run, digests[cell] = combination.run, combination.digest
            known = store.cell(cell, digests[cell])
            if known is not None:
                results[cell] = known
                forget(bench, cell, results, digests)
                continue

        def told(text: str, words: str = cell.words) -> None:
            tell(Told(len(results), len(cells), f"{words}: {text}"))

        try:
            bench.deadline.check()
            told("begins")
            found = run(told)
            store.keep_cell(found, digests[cell])
        except OutOfTime:
            unrun.append(Unrun(cell, "time"))
        except VitrineError as error:
            unrun.append(Unrun(cell, error.message))
        else:
            results[cell] = found
            ran.append(cell)
            forget(bench, cell, results, digests)
    return results, ran, unrun


def _judged(
    bench: Bench,
    facts: Facts,
    scores: Scores,
    costs: Mapping[str, Cost],
    ran: list[Cell],
    unrun: list[Unrun],
    seconds: float,
) -> Comparison:
    design, material = bench.design, bench.material
    shown, courses = means(design, scores), curves(design, scores)
    tests: dict[str, tuple[Paired, ...]] = {
        "against_frozen": against_frozen(design, scores),
        "against_scratch": against_scratch(design, scores),
        "elsewhere": elsewhere(design, scores),
    }
    classes = {
        entry: tuple(test for task in material.examples.tasks for test in by_class(scores, entry, task))
        for entry in entries(design, scores)
        if entry.method in TRANSFERRED and entry.share == design.main_share
    }
    tests["by_class"] = tuple(test for family in classes.values() for test in family)
    return Comparison(
        design=design,
        facts=facts,
        means=shown,
        curves=courses,
        prices=prices(design, scores, shown, costs),
        combined=makeups(design, scores.results, unrun),
        tests=tests,
        findings=findings(tests["against_frozen"], tests["against_scratch"], tests["elsewhere"], classes),
        verdict=verdict(Evidence(design, scores, shown, tests["against_frozen"])),
        ran=tuple(ran),
        known=tuple(cell for cell in scores.results if cell not in ran),
        unrun=tuple(unrun),
        seconds=seconds,
    )


def _facts(bench: Bench, minded: str | None) -> Facts:
    base, examples = bench.base, bench.material.examples
    size, own = input_of(base, bench.design.settings), base.config.preprocessing
    return Facts(
        base=base.name,
        space=base.space,
        photos=len(examples),
        products=len(set(examples.products)),
        classes={task.name: len(task.classes) for task in bench.material.tasks},
        counts={seed: bench.material.counts(seed) for seed in bench.design.seed_numbers},
        notes=bench.material.notes,
        side=max(size.width, size.height),
        own_side=max(own.width, own.height),
        hardware=hardware(str(bench.device)),
        caution=minded,
    )


def _costs(
    base: Embedder, design: Design, store: Store, opening: Opening, deadline: Deadline
) -> dict[str, Cost]:
    """What networks cost, measured once for a folder; nothing where the time is up."""
    side = None if at_own_side(base, design) else design.settings.batches.side
    wanted: dict[str, Callable[[], Cost]] = {NETWORK: lambda: network_cost(base, opening, side)}
    if INDEXED in design.methods:
        wanted[OWN] = lambda: network_cost(base, opening, None)
    if "colour" in design.methods:
        palette = base.palette or default_palette()
        wanted[PALETTE] = lambda: palette_cost(palette, max(base.input_size))
    found = {}
    for name, make in wanted.items():
        key = json.dumps([name, base.space, side, opening.runtime])
        digest = hashlib.sha256(key.encode()).hexdigest()
        known = store.record(f"cost-{name}", digest)
        if known is not None:
            found[name] = Cost.from_json(known)
        elif not deadline.over:
            found[name] = make()
            store.keep_record(f"cost-{name}", digest, asdict(found[name]))
    return found

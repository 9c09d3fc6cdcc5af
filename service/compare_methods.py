"""The page of ways to fit an embedder to a shop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from embedder.comparing.grid import FIXED_EPOCHS, WHAT
from service.compare_page import BAD, GOOD, OPEN, Box, Page, Section
from service.compare_sections import elsewhere, learning, paired, prices, quality

if TYPE_CHECKING:
    from embedder.comparing.comparison import Comparison


def methods_page(found: Comparison) -> Page:
    """Verdict, negative transfer, the table, learning curves, costs, tests, and what stands behind it."""
    labels = ", ".join(found.design.labels)
    verdict, facts = found.verdict, found.facts
    done = len(found.ran) + len(found.known)
    mood = {True: GOOD, False: BAD, None: OPEN if verdict.ship is None else ""}[verdict.better]
    sections = (
        _negative(found),
        quality(found),
        learning(found),
        prices(found),
        paired(found),
        elsewhere(found),
    )
    return Page(
        title=f"embedders compared on {labels}",
        what=f"ways to fit {facts.base} to this shop, compared on {labels} · split {found.design.split}",
        headline=verdict.text,
        mood=mood,
        reasons=verdict.reasons,
        facts=[
            ("labelled photos", f"{facts.photos:,}"),
            ("products", f"{facts.products:,}"),
            *((f"values of {label}", f"{facts.classes[label]:,}") for label in found.design.labels),
            ("seeds", f"{found.design.seeds}"),
            ("cells finished", f"{done} of {done + len(found.unrun)}"),
            ("machine", facts.hardware),
        ],
        sections=[section for section in (*sections, _behind(found)) if section is not None],
    )


def _negative(found: Comparison) -> Section:
    kinds = {True: BAD, False: GOOD, None: OPEN}
    return Section(
        "Was transfer negative anywhere?",
        "Four ways in which fine-tuning can do harm, each tested pair by pair on the same test photos, with "
        "p adjusted for asking many questions (Holm, 1979).",
        answers=[Box(one.question, one.text, kinds[one.negative]) for one in found.findings],
    )


def _makeups(found: Comparison) -> Iterator[tuple[str, str]]:
    """What is made of several: of which, and which could have been and were not. Cells alike are told
    together."""
    for name in found.design.trained:
        cells: dict[str, list[str]] = {}
        for one in found.combined:
            if one.cell.method == name:
                lacking = "".join(f"; without {other} ({why})" for other, why in one.without.items())
                where = f"{one.cell.share:g} %, seed {one.cell.seed}"
                cells.setdefault(f"{', '.join(one.members)}{lacking}", []).append(where)
        alike = len(cells) == 1
        for text, places in cells.items():
            yield f"{name} is made of", text if alike else f"{text}: at {'; '.join(places)}"


def _behind(found: Comparison) -> Section:
    facts, s = found.facts, found.design.settings
    counts = [
        f"seed {seed}: {c['train']:,} to learn from, {c['validation']:,} to choose the epoch by, "
        f"{c['test']:,} held out, of which {c['measured']:,} measured"
        for seed, c in facts.counts.items()
    ]
    side = f"{facts.side} pixels" + (
        f" (the embedder's own: {facts.own_side})" if facts.side != facts.own_side else ""
    )
    late = [one.cell.words for one in found.unrun if one.for_time]
    failed = [(f"failed: {one.cell.words}", one.why) for one in found.unrun if not one.for_time]
    terms = [
        *((name, WHAT[name]) for name in (*found.design.untrained, *found.design.trained)),
        ("began from", f"{facts.base}, space {facts.space}, aspect {s.goal.aspect}"),
        ("photos", "; ".join(counts)),
        ("photos' side", side),
        (
            "training",
            f"{s.goal.objective}, {s.batches.epochs} epochs on photos, {FIXED_EPOCHS} on vectors (fixed), "
            f"{s.optimisation.optimiser} with rates {s.optimisation.rate:g} and "
            f"{s.optimisation.new_rate:g} (new layers), augmentation {s.augmentation.preset}",
        ),
        (
            "shares",
            "of the labelled products of the training part, of every value at least two; smaller shares are "
            "parts of larger ones. The labels of the validation part are not counted",
        ),
        (
            "mAP@R",
            "mean over queries of the average precision among the first R answers, R as many as are right",
        ),
        ("recall@1", "share of queries whose nearest photo of another product bears their label"),
        *_makeups(found),
        *((("mind", facts.caution),) if facts.caution else ()),
        *(("note", note) for note in facts.notes),
        *failed,
        (
            "not run for want of time",
            ", ".join(late) + ": the same command goes on with them" if late else "nothing",
        ),
        (
            "time",
            f"{found.seconds:,.0f} s in this run: {len(found.ran)} cells, {len(found.known)} known before",
        ),
    ]
    return Section(
        "What stands behind the figures",
        "Photos of one product, of one file, and near-duplicates are never parted by a split.",
        terms=terms,
    )

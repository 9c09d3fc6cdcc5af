"""Negative transfer, said plainly: four ways in which fine-tuning can make an embedder worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from embedder.comparing.grid import TRANSFERRED, Entry
from embedder.comparing.judging import Paired

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One question about negative transfer.

    kind: ``frozen`` (worse than left alone), ``scratch`` (worse than from random weights), ``elsewhere``
    (labels that were not asked for got worse) or ``classes`` (single values of a label got worse). negative:
    True or False; None where it was not tested. text: the answer in words. losses: what stands behind a True.
    """

    kind: str
    question: str
    negative: bool | None
    text: str
    losses: tuple[Paired, ...] = ()


def findings(
    frozen: Sequence[Paired],
    scratch: Sequence[Paired],
    elsewhere: Sequence[Paired],
    classes: Mapping[Entry, Sequence[Paired]],
) -> tuple[Finding, ...]:
    """All four. frozen, scratch, elsewhere: families of tests. classes: entry → the families of its labels'
    values."""
    return (
        _finding(
            "frozen",
            "Is a fine-tuned embedder worse than the frozen one?",
            [test for test in frozen if test.entry.method in TRANSFERRED],
            "is worse than frozen",
            "compare at least one of fixed, partial, full and progressive",
        ),
        _finding(
            "scratch",
            "Is fine-tuning from pre-trained weights worse than training from scratch?",
            scratch,
            "is worse than scratch",
            "compare scratch too, and enough minutes for it",
        ),
        _finding(
            "elsewhere",
            "Did labels that were not asked for get worse?",
            elsewhere,
            "got worse",
            "name other columns with --also",
        ),
        _by_class(classes),
    )


def _finding(kind: str, question: str, tests: Sequence[Paired], what: str, how: str) -> Finding:
    if not tests:
        return Finding(kind, question, None, f"Not tested: {how}.")
    lost = sorted((t for t in tests if t.better is False), key=lambda t: t.difference.mean)
    if not lost:
        return Finding(kind, question, False, f"No: no significant loss in {_tests(len(tests))}.")
    told = "; ".join(f"{t.entry.words} {what} on {t.label} ({t.words})" for t in lost[:SHOWN])
    more = f"; and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
    return Finding(
        kind, question, True, f"Yes, in {len(lost)} of {_tests(len(tests))}: {told}{more}.", tuple(lost)
    )


def _by_class(classes: Mapping[Entry, Sequence[Paired]]) -> Finding:
    question = "Did single classes get worse, whatever the mean says?"
    if not any(classes.values()):
        return Finding("classes", question, None, "Not tested: no fine-tuned method has finished.")
    told, lost = [], []
    for entry, tests in classes.items():
        worse = sorted((t for t in tests if t.better is False), key=lambda t: t.difference.mean)
        lower = sum(t.difference.mean < 0.0 for t in tests)
        lost.extend(worse)
        names = ", ".join(f"{t.value} ({t.difference.mean:+.3f})" for t in worse[:SHOWN])
        sure = f"{len(worse)} significantly: {names}" if worse else "none significantly"
        told.append(f"{entry.words}: {lower} of {len(tests)} classes are lower, {sure}")
    text = "; ".join(told)
    return Finding("classes", question, bool(lost), f"{'Yes' if lost else 'No'}. {text}.", tuple(lost))


def _tests(count: int) -> str:
    return f"{count} paired test{'' if count == 1 else 's'}"

"""The verdict in words: what to ship, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from embedder.comparing.grid import FROZEN, INDEXED, JOINED, SCRATCH, SNAPSHOTS, SOUP, Design, Entry
from embedder.comparing.judging import Paired, family
from embedder.comparing.scores import Scores
from embedder.comparing.summary import Mean

BY_EFFORT = ("fixed", "partial", "progressive", "full", SNAPSHOTS, SCRATCH, SOUP, JOINED)
"""Methods that can be shipped, those that cost least to train first; one that needs two networks last."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """ship: a method; None where nothing was measured that a verdict could rest on. better: whether it is
    significantly better than the frozen embedder (None where it cannot be told, or nothing was compared).
    text: what to ship, in one sentence. reasons: why, a sentence each."""

    ship: str | None
    better: bool | None
    text: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: means, and the tests of every entry against the frozen embedder."""

    design: Design
    scores: Scores
    means: Sequence[Mean]
    tests: Sequence[Paired]

    def value(self, entry: Entry) -> float:
        """mAP@R, averaged over the learnt labels."""
        found = [m.map_at_r.mean for m in self.means if m.entry == entry and m.label in self.design.labels]
        return sum(found) / len(found)

    def told(self, entry: Entry) -> str:
        """mAP@R of each learnt label, in words."""
        return ", ".join(
            f"{m.map_at_r.mean:.3f} [{m.map_at_r.low:.3f}, {m.map_at_r.high:.3f}] on {m.label}"
            for m in self.means
            if m.entry == entry and m.label in self.design.labels
        )

    def of(self, entry: Entry) -> list[Paired]:
        """An entry's tests against the frozen embedder."""
        return [test for test in self.tests if test.entry == entry]

    def winners(self) -> list[Entry]:
        """Entries at the largest share that are better than frozen on a label and worse on none, the best
        first."""
        found = []
        for name in BY_EFFORT:
            entry = Entry(name, self.design.main_share)
            outcomes = [test.better for test in self.of(entry)]
            if any(outcomes) and False not in outcomes:
                found.append(entry)
        return sorted(found, key=self.value, reverse=True)

    def apart(self, one: Entry, other: Entry) -> list[Paired]:
        """The tests of two entries that tell them apart on a label."""
        tests = family(self.scores, [(one, other)], self.design.labels)
        return [test for test in tests if test.better is not None]


def verdict(evidence: Evidence) -> Verdict:
    """What to ship: of the methods that are significantly better than frozen and cannot be told from the best
    of them, the one that costs least to train; else the frozen embedder."""
    if not any(mean.entry == Entry(FROZEN) for mean in evidence.means):
        return Verdict(None, None, "Nothing can be said: the frozen embedder was not measured", ())
    tried = [Entry(n, evidence.design.main_share) for n in evidence.design.trained]
    finished = [entry for entry in tried if evidence.of(entry)]
    if not finished:
        return Verdict(
            None, None, "Nothing can be said of fine-tuning: no training has finished", _frozen(evidence)
        )
    winners = evidence.winners()
    if not winners:
        return _keep(evidence, tried, finished)
    best = winners[0]
    chosen = next(e for e in sorted(winners, key=_effort) if e == best or not evidence.apart(best, e))
    reasons = [
        *_frozen(evidence),
        f"{chosen.words} reaches mAP@R {evidence.told(chosen)}: "
        + "; ".join(f"{test.words} against frozen on {test.label}" for test in evidence.of(chosen)),
    ]
    if chosen != best:
        reasons.append(
            f"{best.method} has the highest mean ({evidence.told(best)}), but cannot be told apart from "
            f"{chosen.method}, which costs less to train"
        )
    others = [e for e in winners if e not in (best, chosen)]
    if others:
        reasons.append(f"better than frozen as well: {', '.join(entry.words for entry in others)}")
    reasons.extend((*_from_where(evidence), *_absent(tried, finished)))
    doubt = _against_indexed(evidence, chosen)
    if doubt:
        return Verdict(INDEXED, None, "Keep the embedder as it is indexed", (doubt, *reasons))
    return Verdict(
        chosen.method,
        True,
        f"Ship {chosen.method}: it is significantly better than the frozen embedder",
        tuple(reasons),
    )


def _keep(evidence: Evidence, tried: Sequence[Entry], finished: Sequence[Entry]) -> Verdict:
    best = max(finished, key=evidence.value)
    outcomes = [test.better for entry in finished for test in evidence.of(entry)]
    worse = bool(outcomes) and all(outcome is False for outcome in outcomes)
    text = (
        "Keep the frozen embedder: every fine-tuned one is significantly worse"
        if worse
        else "Keep the frozen embedder: no fine-tuned one is significantly better"
    )
    reasons = (
        *_frozen(evidence),
        f"the best of {len(finished)} tried, {best.words}, reaches {evidence.told(best)}: "
        + "; ".join(f"{test.words} on {test.label}" for test in evidence.of(best)),
        *_absent(tried, finished),
    )
    return Verdict(FROZEN, False if worse else None, text, reasons)


def _effort(entry: Entry) -> int:
    return BY_EFFORT.index(entry.method)


def _frozen(evidence: Evidence) -> tuple[str, ...]:
    return (f"frozen reaches mAP@R {evidence.told(Entry(FROZEN))}",)


def _from_where(evidence: Evidence) -> list[str]:
    """From which share of the labels on each method is better than frozen."""
    found = []
    for name in evidence.design.trained:
        shares = [t.entry.share for t in evidence.tests if t.entry.method == name and t.better]
        known = [share for share in shares if share is not None]
        if known and min(known) < evidence.design.main_share:
            found.append(f"{name} from {min(known):g} %")
    return [f"already better than frozen with fewer labels: {', '.join(found)}"] if found else []


def _absent(tried: Sequence[Entry], finished: Sequence[Entry]) -> tuple[str, ...]:
    """What the verdict does not know of."""
    names = [entry.words for entry in tried if entry not in finished]
    return (f"not finished, so not part of this verdict: {', '.join(names)}",) if names else ()


def _against_indexed(evidence: Evidence, chosen: Entry) -> str | None:
    """Why what wins among small photos is still not to be shipped; None where it is, or nothing is known."""
    indexed = Entry(INDEXED)
    if not evidence.scores.of(indexed):
        return None
    tests = family(evidence.scores, [(chosen, indexed)], evidence.design.labels)
    if any(test.better for test in tests) and not any(test.better is False for test in tests):
        return None
    side = evidence.design.settings.batches.side
    return (
        f"at {side} pixels {chosen.method} is the best, but the vectors as indexed reach "
        f"{evidence.told(indexed)}, which it does not beat "
        f"({'; '.join(f'{t.words} on {t.label}' for t in tests)}); compare again without --side before "
        "shipping anything"
    )

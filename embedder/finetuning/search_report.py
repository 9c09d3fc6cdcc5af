"""What a search for settings found: for machines, and as a part of the model card."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedder.export import CARD_NAME
from embedder.finetuning.report import FinetuneReport
from embedder.finetuning.search_picture import as_png
from embedder.finetuning.space import Search, told
from embedder.finetuning.study import Importances, Trial

SEARCH_NAME, PICTURE_NAME = "search.json", "search.png"


@dataclass(frozen=True, slots=True)
class Found:
    """wanted: what was asked for. trials: all that were tried, in order. best: the one with the highest value
    on validation. nested: the figures are those of folds, each of which had a search of its own."""

    wanted: Search
    trials: tuple[Trial, ...]
    best: Trial
    importances: Importances
    nested: bool = False

    def text(self) -> str:
        """What was tried, and what the test photos were used for."""
        counts = Counter(trial.state for trial in self.trials)
        states = ", ".join(f"{number} {state}" for state, number in counts.items())
        used = (
            "That was then trained on all photos. The figures are nested: in every fold the settings were "
            "searched anew, and the photos that it tests were used once, to measure what was found"
            if self.nested
            else "That was then trained as any run, and the test photos were used once, to measure it"
        )
        return (
            f"{len(self.trials)} settings were tried ({self.wanted.sampler}: {states}) and judged by mAP@R "
            f"on the validation photos alone, {self.best.value:.3f} for the best, trial {self.best.number} "
            f"({told(self.best.values)}). {used}. The best of many values is optimistic: go by those of the "
            "test"
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "text": self.text(),
            "sampler": self.wanted.sampler,
            "wanted": self.wanted.trials,
            "minutes": self.wanted.minutes,
            "varied": [varied.as_json() for varied in self.wanted.space],
            "best": self.best.number,
            "seconds": sum(trial.seconds for trial in self.trials),
            "importances": None if self.importances.shares is None else dict(self.importances.shares),
            "importances_text": self.importances.text,
            "trials": [trial.as_json() for trial in self.trials],
        }


@dataclass(frozen=True, slots=True)
class SearchReport:
    """run: the fine-tuning with the best settings. found: how they were found."""

    run: FinetuneReport
    found: Found

    def as_json(self) -> dict[str, Any]:
        """The run's plain values, and the search's under ``search``."""
        return self.run.as_json() | {"search": self.found.as_json()}


def add_to(folder: Path, name: str, found: Found) -> None:
    """Puts search.json and search.png into an embedder's folder, and a section into its card."""
    text = json.dumps(found.as_json(), indent=1, ensure_ascii=False) + "\n"
    (folder / SEARCH_NAME).write_text(text, encoding="utf-8")
    (folder / PICTURE_NAME).write_bytes(as_png(found.trials, found.importances, name))
    path = folder / CARD_NAME
    part = path.with_name(f"{CARD_NAME}.part")
    part.write_text(f"{path.read_text(encoding='utf-8')}\n{card_section(found)}", encoding="utf-8")
    part.replace(path)


def card_section(found: Found) -> str:
    """How the settings were found, Markdown."""
    lines = ["## How the settings were found", "", f"{found.text()}.", ""]
    shares = found.importances.shares
    if shares is None:
        lines += [f"What mattered most cannot be told: {found.importances.text}."]
    else:
        lines += ["| setting | share of the differences |", "|---|---|"]
        lines += [f"| `{name}` | {share:.2f} |" for name, share in shares.items()]
        lines += ["", f"Shares {found.importances.text}."]
    return "\n".join([*lines, "", f"All trials are in `{SEARCH_NAME}`, drawn in `{PICTURE_NAME}`.", ""])

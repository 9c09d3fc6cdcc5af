"""How an embedder of a shop came about: kept in its folder, for `vitrine embedders` to tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

Made = Literal["fine-tuned", "reduced", "soup"]

MADE_NAME = "made.json"
FINETUNED_NAME = "finetuning.json"
"""Lies beside the weights of an embedder that `vitrine finetune` wrote."""
NOTES: dict[Made, str] = {
    "fine-tuned": "fine-tuned on this shop",
    "reduced": "an aspect reduced to principal components of this shop's photos",
    "soup": "the average of embedders that were fine-tuned on this shop",
}


def made_file(made: Made) -> dict[str, bytes]:
    """To be written into the embedder's folder, by name."""
    return {MADE_NAME: (json.dumps({"made": made}) + "\n").encode()}


def made_of(folder: Path) -> Made | None:
    """How the embedder of a folder was made; None where the folder does not say."""
    try:
        told = json.loads((folder / MADE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    word = told.get("made") if isinstance(told, dict) else None
    known = next((made for made in NOTES if made == word), None)
    if known is None and (folder / FINETUNED_NAME).is_file():
        return "fine-tuned"
    return known

"""What a fine-tuning said of its own result, for whoever is about to use it."""

from __future__ import annotations

import json
from pathlib import Path

RECORD = "finetuning.json"
"""Lies beside the weights of a fine-tuned embedder; its ``verdict`` is ``{"better": …, "text": …}``."""


def doubts(models: Path, embedder: str) -> tuple[str, ...]:
    """Warnings about an embedder of the shop that is not known to be better than what it started from.

    models: the folder of the shop's own embedders. Nothing is said of an embedder that is not one of them,
    or whose record has no verdict.
    """
    record = models / embedder / RECORD
    if Path(embedder).name != embedder or not record.is_file():
        return ()
    try:
        verdict = json.loads(record.read_text(encoding="utf-8")).get("verdict")
        if verdict is None or verdict["better"] is True:
            return ()
        better, text = verdict["better"], str(verdict.get("text") or "").strip()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return (f"whether {embedder} is better than what it started from is not known: {record}: {error}",)
    said = (
        "was not significantly better than the frozen embedder it started from"
        if better is False
        else "could not be told from the frozen embedder it started from"
    )
    return (f"{embedder} {said}" + (f": {text}" if text else ""),)

"""An evaluation that was stopped does not train again what it had trained, and comes to the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recommender.unfinished import FOLDER
from service.engine import Engine
from service.progress import Step
from service.requests import EvaluateRequest


class Stopped(Exception):
    """What the test ends an evaluation with."""


def test_a_stopped_evaluation_goes_on_at_its_epoch(engine: Engine, shop: Path, tmp_path: Path) -> None:
    notes: list[str] = []

    def asked(stop: int | None, folder: str) -> dict[str, Any]:
        notes.clear()

        def tell(step: Step) -> None:
            notes.append(step.note)
            if stop is not None and sum("gru: epoch 2 of" in note for note in notes) == stop:
                raise Stopped

        request = EvaluateRequest(models=("gru",), seeds=2, report=tmp_path / folder)
        found: Any = engine.evaluate(request, tell).evaluation
        return {name: part for name, part in found.items() if name != "openings"}

    with pytest.raises(Stopped):
        asked(2, "stopped")
    assert len(list((shop / FOLDER).iterdir())) == 2, "a seed that is trained, and one that is not"
    onward = asked(None, "onward")
    assert "gru: going on after epoch 2 of a stopped training" in notes
    assert not any("gru: epoch 1 of" in note for note in notes)
    assert not (shop / FOLDER).exists()
    assert asked(None, "whole") == onward
    assert sum("gru: epoch 1 of" in note for note in notes) == 2

"""How a test runs a command: in this process, with what it printed and its exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli import program


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as one JSON object; fails on anything else there."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


Vitrine = Callable[..., Ran]


@pytest.fixture
def vitrine(monkeypatch: pytest.MonkeyPatch) -> Vitrine:
    """Run a command line, words as given."""
    monkeypatch.delenv("VITRINE_DEBUG", raising=False)
    monkeypatch.delenv("VITRINE_SHOP", raising=False)

    def run(*words: object) -> Ran:
        done = CliRunner().invoke(program(), [str(word) for word in words], prog_name="vitrine")
        return Ran(done.exit_code, done.stdout, done.stderr)

    return run

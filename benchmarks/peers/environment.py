"""A peer's virtual environment, made on first need under ``benchmarks/.peers/``, which git ignores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent / ".peers"
INSTALLED = "installed.txt"


class PeerFails(Exception):
    """A peer cannot be installed or its turn failed; the message says which."""


@dataclass(frozen=True)
class Peer:
    """name: its word in tables. requirement: what pip is asked for. script: the module beside this one that
    takes its turn. arguments: what the script is told besides the data. environment: variables that its own
    documentation asks for.
    """

    name: str
    requirement: str
    script: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Its environment; peers of one requirement share it."""
        return PLACE / self.requirement.partition("=")[0]

    @property
    def python(self) -> Path:
        """Its own Python."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def set_up(self) -> None:
        """Make the environment unless it is there. Raises PeerFails; what pip said goes to standard
        error.
        """
        stamp = self.folder / INSTALLED
        if stamp.exists() and stamp.read_text(encoding="utf-8") == self.requirement:
            return
        PLACE.mkdir(exist_ok=True)
        (PLACE / ".gitignore").write_text("*\n", encoding="utf-8")
        print(f"setting up {self.requirement} in an environment of its own", file=sys.stderr, flush=True)
        steps = (
            [sys.executable, "-m", "venv", "--clear", str(self.folder)],
            [str(self.python), "-m", "pip", "install", "--quiet", "--prefer-binary", self.requirement],
        )
        for step in steps:
            done = subprocess.run(step, stdout=sys.stderr, check=False)
            if done.returncode:
                raise PeerFails(f"{self.requirement} could not be installed (exit code {done.returncode})")
        stamp.write_text(self.requirement, encoding="utf-8")

    def turn(self, data: Path, customers: int) -> dict[str, Any]:
        """One turn over the first ``customers`` of a file of ``benchmarks.evaluation``: what its script
        prints. Raises PeerFails.
        """
        command = [str(self.python), str(HERE / self.script), str(data), str(customers), *self.arguments]
        done = subprocess.run(
            command, env={**os.environ, **self.environment}, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise PeerFails(f"{self.name} failed (exit code {done.returncode}); see standard error")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

"""A peer's virtual environment, made on first need under ``benchmarks/.peers/``, which git ignores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
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
    """name: its word in tables. requirement: what pip is asked for, words apart by spaces; the first names
    the environment, which peers of one requirement share. script: the module beside this one that takes its
    turn. arguments: what the script is told besides the data. environment: variables that its own
    documentation asks for.
    """

    name: str
    requirement: str
    script: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Its environment."""
        return PLACE / self.requirement.split()[0].partition("=")[0]

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
        words = self.requirement.split()
        steps = (
            [sys.executable, "-m", "venv", "--clear", str(self.folder)],
            [str(self.python), "-m", "pip", "install", "--quiet", "--prefer-binary", *words],
        )
        for step in steps:
            done = subprocess.run(step, stdout=sys.stderr, check=False)
            if done.returncode:
                raise PeerFails(f"{self.requirement} could not be installed (exit code {done.returncode})")
        stamp.write_text(self.requirement, encoding="utf-8")

    def command(self, *words: str) -> list[str]:
        """Its script with these words, then its arguments."""
        return [str(self.python), str(HERE / self.script), *words, *self.arguments]

    @contextmanager
    def working(self, *words: str) -> Iterator[Worker]:
        """Its script as a process that stays, so that what it loads and builds is kept between its turns. The
        environment is set up first. Raises PeerFails.
        """
        self.set_up()
        worker = Worker(self.name, self.command(*words), {**os.environ, **self.environment})
        try:
            yield worker
        finally:
            worker.close()


class Worker:
    """A peer's process: each question is one line of JSON on its standard input, each answer one line on its
    standard output that begins with ``ANSWER ``; whatever else it prints is passed to standard error. The
    script's side is ``answering`` of ``benchmarks/peers/answering.py``.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, what: str, **words: Any) -> Any:
        """The answer to the question ``what`` with these words. Raises PeerFails where the process ended or
        says that it failed.
        """
        given, told = self._process.stdin, self._process.stdout
        if given is None or told is None:
            raise PeerFails(f"{self.name} has no pipes")
        try:
            given.write(json.dumps({"ask": what, **words}) + "\n")
            given.flush()
        except BrokenPipeError:
            raise PeerFails(f"{self.name} ended before it was asked to {what}") from None
        for line in told:
            if line.startswith("ANSWER "):
                answer = json.loads(line.removeprefix("ANSWER "))
                if "failed" in answer:
                    raise PeerFails(f"{self.name} failed to {what}: {answer['failed']}")
                return answer["answer"]
            print(line, end="", file=sys.stderr)
        raise PeerFails(f"{self.name} ended while it was asked to {what} (exit code {self._process.wait()})")

    def close(self) -> None:
        """Let it end; killed if it does not within ten seconds."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

"""A peer's process that stays: questions and answers, failures, and its end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.peers import environment
from benchmarks.peers.environment import PeerFails, Worker

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from answering import answering
kept = []
def add(value):
    kept.append(value)
    print("something a library says")
    return sum(kept)
def end():
    raise SystemExit(3)
answering({{"add": add, "divide": lambda by: 1 / by, "end": end}})
"""


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    script = tmp_path / "peer.py"
    script.write_text(SCRIPT.format(folder=str(environment.HERE)))
    return Worker("peer", [sys.executable, str(script)], {})


def test_it_keeps_what_it_has_between_questions(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    assert [worker.ask("add", value=value) for value in (1, 2, 3)] == [1, 3, 6]
    worker.close()
    assert "something a library says" in capsys.readouterr().err


def test_a_question_that_fails_is_told_and_the_next_is_answered(worker: Worker) -> None:
    with pytest.raises(PeerFails, match="peer failed to divide: ZeroDivisionError"):
        worker.ask("divide", by=0)
    assert worker.ask("divide", by=2) == 0.5
    worker.close()


def test_a_process_that_ends_is_told(worker: Worker) -> None:
    with pytest.raises(PeerFails, match=r"ended while it was asked to end \(exit code 3\)"):
        worker.ask("end")
    with pytest.raises(PeerFails, match="peer ended"):
        worker.ask("add", value=1)
    worker.close()

"""The console script: what a command that only asks prints comes out whole, with its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import atexit, sys
atexit.register(lambda: sys.stderr.write("cleared up"))
sys.argv = ["vitrine", *sys.argv[1:]]
from service.cli import console
console()
"""


def run(*words: object, **how: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CODE, *map(str, words)]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **how)  # type: ignore[call-overload, no-any-return]


def test_a_question_is_answered_whole_and_left_at_once(indexed: Path) -> None:
    done = run(
        "similar", "--shop", indexed, "--product", "disc-red", "-k", 10, "--json", stdout=subprocess.PIPE
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)["hits"]) == 10
    assert not list(indexed.glob("*-wal")), "the database was closed"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--product", "nobody"), 1, "error: no product 'nobody'"),
        ((), 2, "error: nothing to compare with"),
        (("--strategy",), 2, "requires an argument"),
    ],
)
def test_what_goes_wrong_is_told_and_counted(
    indexed: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    done = run("similar", "--shop", indexed, *words, stdout=subprocess.PIPE)
    assert done.returncode == code
    assert told in done.stderr
    assert "cleared up" not in done.stderr


def test_other_commands_end_as_programs_do(indexed: Path) -> None:
    done = run("rules", "list", "--shop", indexed, stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "cleared up")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told(indexed: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = run("similar", "--shop", indexed, "--product", "disc-red", "--json", stdout=full)
    assert done.returncode == 1
    assert "No space left" in done.stderr

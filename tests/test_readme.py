"""Every block of the README and of the walkthrough runs, and says what is shown there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import readme

TEXT = readme.README.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("readme")
    readme.make_files(made)
    return made


def words(line: str) -> str:
    """A line without its figures, hashes and padding: what must not change from machine to machine."""
    return " ".join(re.sub(r"[0-9a-f]*\d[0-9a-f.,]*", "#", line).split())


def test_console_blocks_run_and_say_what_is_shown(folder: Path) -> None:
    blocks = readme.blocks(TEXT, "console")
    assert len(blocks) >= 3
    local = [c for block in blocks for c in readme.commands(block) if not c.line.startswith("curl")]
    assert len(local) >= 6
    for command in local:
        done = readme.run(command.line, folder)
        assert done.returncode == 0, f"{command.line}\n{done.stdout}"
        _same_words(command, done.stdout)


def test_the_walkthrough_runs_as_it_stands(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("walkthrough")
    readme.make_files(folder)
    text = readme.WALKTHROUGH.read_text(encoding="utf-8")
    steps = [c for block in readme.blocks(text, "console") for c in readme.commands(block)]
    assert len(steps) >= 10
    for command in steps:
        done = readme.run(command.line, folder)
        assert done.returncode == 0, f"{command.line}\n{done.stdout}"
        assert "is a bug" not in done.stdout
        _same_words(command, done.stdout)


def _same_words(command: readme.Command, output: str) -> None:
    """Every shown line without figures (headings, labels, rules) occurs in what was really printed."""
    real = {words(line) for line in output.splitlines()}
    shown = [words(line) for line in command.output if line.strip() and not re.search(r"\d|│", line)]
    missing = [line for line in shown if line not in real and "─" not in line]
    assert missing == [], f"{command.line}\n{output}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_curl_calls_are_answered(folder: Path) -> None:
    calls = [
        c for b in readme.blocks(TEXT, "console") for c in readme.commands(b) if c.line.startswith("curl")
    ]
    assert len(calls) >= 4
    with readme.served(folder, "my-shop") as port:
        for command in calls:
            line = command.line.replace(f":{readme.PORT}/", f":{port}/").replace(
                "curl ", "curl --fail-with-body ", 1
            )
            done = readme.run(line, folder)
            assert done.returncode == 0, f"{line}\n{done.stdout}"
            assert '"error"' not in done.stdout


def test_python_blocks_run(folder: Path) -> None:
    snippets = readme.blocks(TEXT, "python")
    assert snippets
    for snippet in snippets:
        done = subprocess.run(
            [sys.executable, "-c", snippet],
            cwd=folder,
            env=readme.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not on this machine")
@pytest.mark.parametrize(
    "line", [x for b in readme.blocks(TEXT, "sh") for x in b.splitlines() if x.startswith("make")]
)
def test_make_targets_exist(line: str) -> None:
    command = line.split("#")[0].split()
    done = subprocess.run([*command, "-n"], cwd=readme.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_pictures_and_links_into_the_tree_exist() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert targets
    assert [t for t in targets if not (readme.ROOT / t).exists()] == []

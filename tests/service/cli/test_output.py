"""Numbers, JSON and progress as commands print them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from service.cli.output import cell, emit, only_json, seconds, table
from service.cli.progress import progress
from service.plain import plain
from service.progress import Step


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"a": float("nan"), "b": [float("inf"), 1.5], "c": {"é": None}})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 1.5], "c": {"é": None}}


def test_what_libraries_print_does_not_spoil_json(capsys: pytest.CaptureFixture[str]) -> None:
    with only_json(True):
        print("loading weights")
    emit({"a": 1})
    said = capsys.readouterr()
    assert json.loads(said.out) == {"a": 1}
    assert said.err == "loading weights\n"


def test_cells() -> None:
    assert [cell(v) for v in (None, True, 3, 2.5, 1234.5, float("nan"), "x")] == [
        "",
        "yes",
        "3",
        "2.5",
        "1,234.5",
        "",
        "x",
    ]
    told = {"read": 1.25, "encode": 3, "build": 0.5, "encode/decode": 2.0, "encode/write": 0.1}
    assert seconds(told) == "read 1.2 s, encode 3.0 s (decode 2.0 s, write 0.1 s), build 0.5 s"


def test_a_table_keeps_long_words_whole_on_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    table("Things", ("name", "n"), [("x" * 70, 1)], right=("n",))
    assert "x" * 70 in capsys.readouterr().out


def test_markup_in_data_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    table("", ("title",), [("[bold]sale[/bold] :smile:",)])
    assert "[bold]sale[/bold] :smile:" in capsys.readouterr().out


def test_progress_on_a_pipe_is_sparse(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as tell:
        for done in range(1000):
            tell(Step("reading", done, 1000))
        tell(Step("encoding", 0))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == ["reading …", "encoding …"]


def test_plain_values() -> None:
    assert plain({"a": np.float32(0.5), "b": (np.int64(3), "x"), 1: None}) == {
        "a": 0.5,
        "b": [3, "x"],
        "1": None,
    }

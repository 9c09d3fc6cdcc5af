"""What goes wrong ends in one line on standard error and the documented exit code, never in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

import service.engine
from service.cli.options import pairs
from tests.service.cli.conftest import Ran, Vitrine
from tests.service.fakes import FakeEmbedder


def complained(done: Ran, code: int, *parts: str) -> None:
    assert done.code == code, done.err
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert len(done.err.strip().splitlines()) == 1
    assert "Traceback" not in done.err
    for part in parts:
        assert part in done.err


WRONG = [
    ("similar --shop SHOP", "--product ID"),
    ("similar --shop SHOP --product disc-red --aspect colour", "NAME=VALUE"),
    ("similar --shop SHOP --product disc-red --aspect smell=1", "shape"),
    ("similar --shop SHOP --product disc-red --strategy worst", "average"),
    ("similar --shop SHOP --product disc-red --where price<<3", ""),
    ("similar --shop SHOP --product disc-red --where weight<3", "price"),
    ("similar --shop SHOP --product disc-red --weight 1 --weight 2", "--weight"),
    ("similar --shop SHOP --product disc-red --sheet out.gif", ".png"),
    ("similar --shop SHOP --photo nowhere.jpg", "nowhere.jpg"),
    ("evaluate --shop SHOP --split never", "cold-items"),
    ("index nowhere.csv --shop SHOP", "nowhere.csv"),
    ("interactions nowhere.csv --shop SHOP", "nowhere.csv"),
    ("interactions EVENTS --shop SHOP --column customer", "NAME=VALUE"),
    ("finetune --shop SHOP --label category --strategy magic", "fixed"),
    ("finetune --shop SHOP --label category --epochs 0", "at least 1 epoch"),
    ("finetune --shop SHOP --label category --batch 0", "at least 2 photos"),
    ("finetune --shop SHOP --label category --objective arcface --label-smoothing 0.2", "leave it out"),
    ("finetune --shop SHOP --label category --rate 0.01", "--rate would do nothing with --strategy fixed"),
    ("reduce --shop SHOP --name a/b", "a/b"),
]


@pytest.mark.parametrize(("words", "part"), WRONG, ids=[w for w, _ in WRONG])
def test_wrong_usage_exits_with_2(
    words: str, part: str, vitrine: Vitrine, indexed: Path, events: Path, fake_embedder: FakeEmbedder
) -> None:
    places = {"SHOP": str(indexed), "EVENTS": str(events)}
    complained(vitrine(*(places.get(word, word) for word in words.split())), 2, part)


MISSING = [
    ("similar --shop SHOP --product nobody", "nobody"),
    ("similar --shop NONE --product disc-red", "NONE"),
    ("recommend --shop NONE --customer c", "NONE"),
    ("train --shop NONE", "NONE"),
    ("info --shop NONE", "NONE"),
    ("serve --shop NONE", "NONE"),
]


@pytest.mark.parametrize(("words", "part"), MISSING, ids=[w for w, _ in MISSING])
def test_what_does_not_exist_exits_with_1(
    words: str, part: str, vitrine: Vitrine, indexed: Path, tmp_path: Path
) -> None:
    done = vitrine(
        *(str(indexed) if w == "SHOP" else str(tmp_path / w) if w == "NONE" else w for w in words.split())
    )
    complained(done, 1, part)
    assert not (tmp_path / "NONE").exists()


@pytest.mark.parametrize("words", [["nonsense"], ["similar", "--nonsense"], ["similar"], ["index"]])
def test_what_the_parser_refuses_exits_with_2(words: list[str], vitrine: Vitrine) -> None:
    done = vitrine(*words)
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err


def test_a_fault_of_ours_is_called_a_bug(
    vitrine: Vitrine, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("drawer")

    monkeypatch.setattr(service.engine.Engine, "similar", broken)
    words = ("similar", "--shop", indexed, "--product", "disc-red")
    complained(vitrine(*words), 1, "this is a bug", "drawer", "VITRINE_DEBUG=1")


def test_a_full_disk_is_not_called_a_bug(
    vitrine: Vitrine, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(service.engine.Engine, "similar", full)
    done = vitrine("similar", "--shop", indexed, "--product", "disc-red")
    complained(done, 1, "No space left on device")
    assert "bug" not in done.err


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        ("similar --shop SHOP --product nobody --json", 1, "unknown_product"),
        ("info --shop NONE --json", 1, "shop_missing"),
        ("index nowhere.csv --shop SHOP --json", 2, "usage"),
        ("rules undo 99 --shop SHOP --json", 1, "unknown_rule"),
        ("similar --json", 2, "usage"),
        ("similar --nonsense --json", 2, "usage"),
    ],
)
def test_with_json_an_error_is_an_object_too(
    words: str, exit_code: int, code: str, vitrine: Vitrine, indexed: Path, tmp_path: Path
) -> None:
    places = {"SHOP": str(indexed), "NONE": str(tmp_path / "NONE")}
    done = vitrine(*(places.get(word, word) for word in words.split()))
    assert done.code == exit_code
    told = done.json["error"]
    assert told["code"] == code
    assert told["message"]
    if "undo" in words or code != "usage":
        assert done.err.strip() == f"error: {told['message']}"


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyError("drawer"), "bug"), (OSError(28, "No space"), "system"), (KeyboardInterrupt(), "stopped")],
)
def test_with_json_whatever_happens_is_an_object(
    error: BaseException, code: str, vitrine: Vitrine, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(service.engine.Engine, "similar", broken)
    done = vitrine("similar", "--shop", indexed, "--product", "disc-red", "--json")
    assert done.json["error"]["code"] == code


def test_stopped_by_hand(vitrine: Vitrine, indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(service.engine.Engine, "similar", stopped)
    complained(
        vitrine("similar", "--shop", indexed, "--product", "disc-red"), 130, "what was finished is kept"
    )


def test_pairs() -> None:
    assert pairs(["a=1", " b = 2.5"], "--aspect", float) == {"a": 1.0, "b": 2.5}
    assert pairs(["our=their=name"], "--column", str) == {"our": "their=name"}

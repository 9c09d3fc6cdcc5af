"""`vitrine embedders` as a group, `vitrine embedders evaluate`, and `vitrine similar --min-score`."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.cli.embedders import group
from tests.service.cli.conftest import Vitrine


def test_the_bare_command_still_lists(vitrine: Vitrine, indexed: Path) -> None:
    assert "bundled" in vitrine("embedders").out
    found = vitrine("embedders", "--shop", indexed, "--json").json["embedders"]
    assert any(info["in_use"] for info in found)


def test_every_subcommand_says_what_it_does_with_an_example(vitrine: Vitrine) -> None:
    for info in group.registered_commands:
        assert info.callback is not None
        text = info.callback.__doc__ or ""
        assert f"Example: vitrine embedders {info.name} " in text
        done = vitrine("embedders", info.name, "--help")
        assert done.code == 0
        assert "--json" in done.out


def test_a_table_for_people(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    done = vitrine("embedders", "evaluate", "--shop", shop, "--report", tmp_path / "report")
    assert done.code == 0, done.err
    for words in ("category: 48 photos of 4 classes among 48", "product: 48 photos of 24 classes"):
        assert words in done.out
    for words in ("mAP@R", "over classes", "EER", "--min-score auto: 0.", "map.html"):
        assert words in done.out
    assert (tmp_path / "report" / "evaluate.html").is_file()


def test_json_is_the_evaluation_and_its_folder(vitrine: Vitrine, shop: Path) -> None:
    words = ("embedders", "evaluate", "--shop", shop, "--label", "colour", "--sample", 12, "--json")
    told = vitrine(*words).json
    assert (told["photos"], told["asked"], [one["label"] for one in told["labels"]]) == (48, 12, ["colour"])
    folder = Path(told["report"])
    assert folder.parent == shop / "reports"
    assert {path.name for path in folder.iterdir()} == {"evaluate.html", "evaluate.json", "map.html"}


def test_an_unknown_label_names_those_there_are(vitrine: Vitrine, shop: Path) -> None:
    done = vitrine("embedders", "evaluate", "--shop", shop, "--label", "fabric")
    assert done.code == 2
    assert "columns with values" in done.err
    assert "tone" in done.err


def test_auto_wants_an_evaluation_first(vitrine: Vitrine, shop: Path) -> None:
    words = ("similar", "--shop", shop, "--product", "disc-red", "--min-score", "auto")
    refused = vitrine(*words)
    assert refused.code == 1
    assert "vitrine embedders evaluate" in refused.err
    assert vitrine("embedders", "evaluate", "--shop", shop, "--label", "category").code == 0
    assert vitrine(*words, "--json").json["hits"]
    weighed = vitrine(*words, "--aspect", "colour=3")
    assert weighed.code == 2
    assert "weights" in weighed.err


def test_nothing_alike_is_said_in_words(vitrine: Vitrine, shop: Path) -> None:
    done = vitrine("similar", "--shop", shop, "--product", "disc-red", "--min-score", "0.9999")
    assert done.code == 0
    assert "no hits" in done.out
    assert "nothing in this shop looks like this (best score 0." in done.err


@pytest.mark.parametrize("bad", ["high", "", "nan"])
def test_a_least_score_is_a_number_or_auto(vitrine: Vitrine, shop: Path, bad: str) -> None:
    done = vitrine("similar", "--shop", shop, "--product", "disc-red", f"--min-score={bad}")
    assert done.code == 2
    assert "Traceback" not in done.err

"""`evaluate --log`: what another policy would have earned, from the log of what was shown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.service.cli.conftest import Vitrine

DISCS = [f"disc-{colour}" for colour in ("red", "green", "blue", "yellow", "pink")]


def log_at(path: Path, **columns: object) -> Path:
    """150 answers of two products to 40 customers, half of them shuffled, after most of the purchases."""
    n = 150
    table = pd.DataFrame(
        {
            "request_id": [f"r{at // 2}" for at in range(2 * n)],
            "customer_id": [f"customer-{at // 2 % 40:02d}" for at in range(2 * n)],
            "position": [1, 2] * n,
            "product_id": [DISCS[(at + at // 7) % 5] for at in range(2 * n)],
            "propensity": 0.2,
            "reward": [int(at % 5 == 0) for at in range(2 * n)],
            "timestamp": [f"2026-02-25T00:{at // 2 % 60:02d}:00Z" for at in range(2 * n)],
            "target": [float(at % 3 == 0) for at in range(2 * n)],
            **columns,
        }
    )
    table = table.drop(columns=[name for name, value in columns.items() if value is None])
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_log_s_own_target_needs_no_shop(vitrine: Vitrine, tmp_path: Path, kind: str) -> None:
    done = vitrine("evaluate", "--log", log_at(tmp_path / f"log.{kind}"), "--json")
    assert done.code == 0, done.err
    told = done.json
    assert told["possible"] is True
    assert told["target"] == {"policy": "column"}
    assert set(told["estimates"]) == {"ips", "snips", "dr"}
    assert "mean reward per position" in told["reward_model"]
    assert told["rows"] == 300


def test_the_terminal_shows_the_words(vitrine: Vitrine, tmp_path: Path) -> None:
    done = vitrine("evaluate", "--log", log_at(tmp_path / "log.csv"), "--clip", 2)
    assert done.code == 0, done.err
    for part in (
        "The policy that ran earned",
        "IPS: ",
        "SNIPS: ",
        "DR: ",
        "effective sample size",
        "cut to 2",
    ):
        assert part in done.out


@pytest.mark.parametrize(
    ("propensity", "reason"),
    [(None, "no propensities are logged"), (1.0, "every logged propensity is 1")],
)
def test_a_log_that_allows_nothing_is_no_failure(
    vitrine: Vitrine, indexed: Path, tmp_path: Path, propensity: float | None, reason: str
) -> None:
    log = log_at(tmp_path / "log.csv", propensity=propensity)
    for words in ((), ("--shop", indexed, "--model", "vitrine")):
        done = vitrine("evaluate", "--log", log, *words)
        assert done.code == 0, done.err
        assert done.out.startswith("not possible: ")
        assert reason in done.out
        told = vitrine("evaluate", "--log", log, *words, "--json")
        assert told.code == 0
        assert told.json["possible"] is False
        assert reason in told.json["reason"]


def test_a_log_without_a_target_says_so(vitrine: Vitrine, tmp_path: Path) -> None:
    done = vitrine("evaluate", "--log", log_at(tmp_path / "log.csv", target=None))
    assert (done.code, done.out) == (0, "not possible: no probabilities of a target policy are given\n")


def test_a_model_of_the_table_as_the_target(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    log = log_at(tmp_path / "log.parquet", target=None)
    done = vitrine("evaluate", "--shop", shop, "--log", log, "--model", "popularity", "--json")
    assert done.code == 0, done.err
    told = done.json
    assert told["target"]["policy"] == "popularity"
    assert told["target"]["until"] == "2026-02-25T00:00:00+00:00"
    assert 0 < told["target"]["interactions"] <= 320
    assert told["possible"] or told["reason"].startswith("not possible: the target policy")
    shown = vitrine("evaluate", "--shop", shop, "--log", log, "--model", "popularity").out
    assert "Target policy: popularity, fitted on" in shown or shown.startswith("not possible: the target")


def test_what_shown_wrote_is_read(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    vitrine("recommend", "--shop", shop, "--customer", "customer-03", "-k", 3, "--json", "--log")
    out = tmp_path / "shown.csv"
    assert vitrine("shown", "--shop", shop, "--out", out, "--days", "1e-9").code == 0
    done = vitrine("evaluate", "--shop", shop, "--log", out, "--model", "popularity")
    assert done.code == 0, done.err
    assert done.out.startswith("not possible: every logged propensity is 1")


def test_wrong_orders(vitrine: Vitrine, indexed: Path, tmp_path: Path) -> None:
    log = log_at(tmp_path / "log.csv")
    for words in (
        ("--log", log, "--compare", log, log),
        ("--log", log, "--model", "popularity"),
        ("--log", log, "--clip", 0),
        ("--log", log, "--report", tmp_path / "report"),
        ("--shop", indexed, "--clip", 3),
        ("--shop", indexed, "--log", log, "--model", "popularity", "--model", "looks"),
        ("--shop", indexed, "--log", log, "--model", "nothing"),
        ("--log", tmp_path / "none.csv"),
    ):
        done = vitrine("evaluate", *words)
        assert done.code in (1, 2), words
        assert "error" in done.err.lower()
        assert "bug" not in done.err

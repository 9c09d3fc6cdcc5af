"""`recommend --log` and `shown`: what was recommended, as a file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from data.shop import Shop
from recommender.evaluation.policylog import read_log
from tests.service.cli.conftest import Vitrine

ASK = ("--customer", "customer-03", "-k", 3, "--json")


def test_recommend_logs_only_when_told(vitrine: Vitrine, shop: Path) -> None:
    assert vitrine("recommend", "--shop", shop, *ASK).json["request_id"]
    with Shop.open(shop) as opened:
        assert opened.recommendation_log.count() == 0
    answer = vitrine("recommend", "--shop", shop, *ASK, "--log").json
    with Shop.open(shop) as opened:
        rows = opened.recommendation_log.answer(answer["request_id"])
    assert [row.product_id for row in rows] == [item["product_id"] for item in answer["items"]]
    assert {row.surface for row in rows} == {"cli"}


def test_shown_writes_a_file_and_says_what_is_not_in_it(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    vitrine("recommend", "--shop", shop, *ASK, "--log")
    out = tmp_path / "shown.csv"
    done = vitrine("shown", "--shop", shop, "--out", out)
    assert done.code == 0, done.err
    assert "0 rows" in done.out
    assert "left out: 3 rows whose window has not ended" in done.out
    told = vitrine("shown", "--shop", shop, "--out", out, "--days", "1e-9", "--event", "click", "--json").json
    assert (told["rows"], told["rewarded"], told["events"]) == (3, 0, ["click"])
    assert len(read_log(out)) == 3
    none = vitrine("shown", "--shop", shop, "--out", out, "--since", "2199-01-01", "--json").json
    assert none["rows"] == 0


@pytest.mark.slow
def test_a_service_that_is_told_to_stop_writes_its_log_first(shop: Path) -> None:
    words = [sys.executable, "-c", "from service.cli import main; main()", "serve", "--shop", str(shop)]
    with subprocess.Popen([*words, "--port", "0"], stderr=subprocess.PIPE, text=True) as server:
        try:
            lines = (line for line in server.stderr or () if "running on http" in line.lower())
            address = next(part for part in next(lines).split() if part.startswith("http://"))
            path = f"{address}/v1/customers/customer-03/recommendations?k=3"
            with urlopen(path, timeout=60) as answer:
                request_id = json.load(answer)["request_id"]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)
    with Shop.open(shop) as opened:
        assert [row.position for row in opened.recommendation_log.answer(request_id)] == [1, 2, 3]


def test_wrong_orders(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    for words in (("--out", out, "--since", "yesterday"), ("--out", tmp_path / "a.txt"),
                  ("--out", out, "--event", "stare"), ("--out", out, "--days", 0)):  # fmt: skip
        done = vitrine("shown", "--shop", shop, *words)
        assert done.code == 2, done.err
        assert done.err.startswith("error: ")
        assert not out.exists()
    said = vitrine("shown", "--shop", shop, "--out", out, "--days", 0).err
    assert "above 0 and at most 3650, not 0" in said

"""A customer who is forgotten leaves no byte of their id in any file of the shop."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from data.records import Interaction
from data.shop import Shop
from service.engine import Engine
from service.http.app import create_app
from service.requests import EvaluateRequest, EventsRequest
from service.settings import Settings
from tests.service.fakes import FakeEmbedder

WHO = "customer-07"


def files_with(shop: Path, text: str) -> list[str]:
    """Files of the shop that hold the text, in whichever encoding; tables are unpacked."""
    import pyarrow.parquet as parquet

    found = []
    for path in sorted(one for one in shop.rglob("*") if one.is_file()):
        data = path.read_bytes()
        if path.suffix == ".parquet":
            data += str(parquet.read_table(path).to_pydict()).encode()
        if text.encode() in data or text.encode("utf-16-le") in data:
            found.append(str(path.relative_to(shop)))
    return found


def test_no_file_holds_a_forgotten_customer(shop: Path, tmp_path: Path, fake_embedder: FakeEmbedder) -> None:
    refused = tmp_path / "refused.csv"
    rows = ["customer_id,product_id,event,timestamp", f"{WHO},none,view,2026-01-01", f"{WHO},bar-red,x,2026"]
    refused.write_text("\n".join(rows) + "\n")
    with Engine.open(shop) as engine:
        engine.import_interactions(EventsRequest(refused, max_reject_share=1.0))
        engine.evaluate(EvaluateRequest("last", ("popularity",), seeds=1, repeat=True))
        engine.train()
    with TestClient(create_app(Settings(shop=shop))) as client:
        route = f"/v1/customers/{WHO}"
        assert client.get(f"{route}/recommendations").json()["fallback"] is None
        before = files_with(shop, WHO)
        assert {"shop.db", "reports/evaluation-last/customers.parquet"} <= set(before)
        told = client.delete(route).json()
        assert told["deleted"] == 8
        for word in ("vitrine train", "Backups", "reports"):
            assert word in told["note"]
        assert client.delete(route).status_code == 404
        engine = client.app.state.slot.engine()  # type: ignore[attr-defined]
        engine.train()
        assert files_with(shop, WHO) == []
        assert files_with(shop, "customer-08"), "others stay"
    assert files_with(shop, WHO) == []


def test_a_report_without_the_customer_is_still_whole(shop: Path, fake_embedder: FakeEmbedder) -> None:
    from recommender.evaluation.sides import read_side

    with Engine.open(shop) as engine:
        answer = engine.evaluate(EvaluateRequest("last", ("popularity",), seeds=1, repeat=True))
        before = read_side("", answer.folder / "report.json").values
        engine.forget_customer(WHO)
        after = read_side("", answer.folder / "report.json").values
    assert [run.values.keys() for run in after.runs] == [run.values.keys() for run in before.runs]
    gone = set(before.customer_ids) - set(after.customer_ids)
    assert gone == {WHO}
    assert len(after.customer_ids) == len(before.customer_ids)


def test_copies_in_split_pages_are_cleared_by_the_sweep(shop: Path) -> None:
    """Without it some of these customers stay in the unused part of a page of an index."""
    rng = random.Random(3)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    names = [f"person-{n:03}-of-many" for n in range(150)]
    with Shop.open(shop) as opened:
        with opened._database.read() as connection:  # Debian's SQLite does it unasked, others do not
            assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        for part in range(60):
            moments = (begin + timedelta(seconds=100 * part + n) for n in range(60))
            opened.put_interactions(
                [Interaction(rng.choice(names), "disc-red", "view", moment) for moment in moments]
            )
        gone = names[::2]
        for name in gone:
            opened.forget_customer(name)
        assert opened.sweep_forgotten()
        assert not opened.sweep_forgotten(), "there is nothing to do twice"
    held = b"".join(path.read_bytes() for path in shop.glob("shop.db*"))
    assert [name for name in gone if name.encode() in held] == []
    database = sqlite3.connect(shop / "shop.db")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()

"""Backups: consistent though others write, checked before they are used, and the same shop afterwards."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from data.errors import Damaged, UsageError
from data.records import Interaction, Product
from data.shop import Shop
from service.answers import Json
from service.backup import backup
from service.engine import Engine
from service.requests import Look, RecommendRequest, SimilarRequest
from service.restore import restore
from tests.data.makers import NOON
from tests.service.fakes import FakeEmbedder


def answers(directory: Path) -> list[Json]:
    with Engine.open(directory) as engine:
        similar = engine.similar(SimilarRequest((Look(product_id="disc-red"),), k=10)).as_json()
        items = engine.recommend(RecommendRequest(customer_id="customer-03", k=10)).as_json()
        items.pop("request_id", None)
        return [similar, items]


def write_one(shop: Shop, number: int) -> None:
    shop.put_product(Product(f"new-{number}", title="new"))
    event = Interaction(f"visitor-{number}", "disc-red", "view", NOON, event_id=f"e-{number}")
    shop.put_interactions([event])


@contextmanager
def written(directory: Path) -> Iterator[list[str]]:
    """Somebody who writes products and interactions until the block ends; ids of what was acknowledged."""
    done, stop = [], threading.Event()

    def write() -> None:
        with Shop.open(directory) as shop:
            while not stop.is_set():
                write_one(shop, len(done))
                done.append(f"new-{len(done)}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not done:
            stop.wait(0.01)
        yield done
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_a_restored_shop_answers_the_same_though_others_wrote_meanwhile(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    uploaded = engine.add_photo(
        "disc-red", (engine.photo_file(engine.shop.photos_of("cross-red")[0].photo_id)).read_bytes()
    )
    engine.train()
    with written(engine.directory) as done:
        acknowledged = list(done)
        report = backup(engine.directory, tmp_path / name)
    restored = tmp_path / "restored"
    restore(tmp_path / name, restored)
    with Engine.open(restored) as again:
        assert set(acknowledged) <= set(again.shop.products(acknowledged))
        assert again.shop.revision == report.revision
        photo = again.shop.photo(uploaded.photo_id)
        assert again.photo_file(photo.photo_id).read_bytes() == engine.photo_file(photo.photo_id).read_bytes()
        assert again.photo_file(photo.photo_id).is_relative_to(restored)
        # Events and products were written in turn: whoever has the one has all before it.
        visitors = {name for name, _ in again.shop.customers() if name.startswith("visitor-")}
        products = {p.product_id for batch in again.shop.all_products() for p in batch}
        assert len(products & {f"new-{n}" for n in range(10_000)}) - len(visitors) in (0, 1)
        for number in range(len(done)):  # what came after the backup, once more
            write_one(again.shop, number)
    assert answers(restored) == answers(engine.directory)


def test_a_backup_that_was_looked_into_is_still_one(engine: Engine, tmp_path: Path) -> None:
    backup(engine.directory, tmp_path / "backup")
    before = answers(tmp_path / "backup")
    with Engine.open(tmp_path / "backup", brief=True) as looked:
        assert looked.similar(SimilarRequest((Look(product_id="disc-red"),), k=10)).as_json() == before[0]
    restore(tmp_path / "backup", tmp_path / "restored")
    assert answers(tmp_path / "restored") == before


def test_a_new_generation_in_the_middle_leaves_index_and_records_in_step(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, rebuilt = Shop.snapshot, []

    def slow(shop: Shop, target: Path) -> None:
        if not rebuilt:
            rebuilt.append(engine.rebuild_index())
        real(shop, target)

    monkeypatch.setattr(Shop, "snapshot", slow)
    report = backup(engine.directory, tmp_path / "backup")
    assert report.generation == 2, "it was done over, with the generation that is in use"
    restore(tmp_path / "backup", tmp_path / "restored")
    with Engine.open(tmp_path / "restored") as again:
        index = again.parts.index()
        assert (index.generation, index.warnings) == (2, [])


def test_a_shop_that_never_rests_is_told_and_nothing_is_left(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Shop.snapshot

    def always(shop: Shop, target: Path) -> None:
        engine.rebuild_index()
        real(shop, target)

    monkeypatch.setattr(Shop, "snapshot", always)
    places = tmp_path / "backups"
    with pytest.raises(Damaged, match="times in a row"):
        backup(engine.directory, places / "backup")
    assert list(places.iterdir()) == []


def test_any_changed_missing_or_added_file_is_found_before_anything_is_restored(
    shop: Path, tmp_path: Path
) -> None:
    backup(shop, tmp_path / "whole")
    files = sorted(p.relative_to(tmp_path / "whole") for p in (tmp_path / "whole").rglob("*") if p.is_file())
    assert Path("shop.db") in files
    for number, name in enumerate(files):
        harmed = Path(shutil.copytree(tmp_path / "whole", tmp_path / f"harmed-{number}"))
        content = bytearray((harmed / name).read_bytes())
        content[len(content) // 2] ^= 1
        (harmed / name).write_bytes(content)
        with pytest.raises(Damaged):
            restore(harmed, tmp_path / "restored")
    (harmed / name).unlink()
    with pytest.raises((Damaged, UsageError)):
        restore(harmed, tmp_path / "restored")
    (tmp_path / "whole" / "more").write_bytes(b"")
    with pytest.raises(Damaged, match="more"):
        restore(tmp_path / "whole", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_a_cut_file_and_a_file_that_leads_elsewhere_are_refused(shop: Path, tmp_path: Path) -> None:
    import io
    import tarfile

    backup(shop, tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    with tarfile.open(tmp_path / "evil.tar", "w") as out:
        entry = tarfile.TarInfo("../outside")
        entry.size = 1
        out.addfile(entry, io.BytesIO(b"x"))
    for name in ("cut.tar", "evil.tar"):
        with pytest.raises((Damaged, UsageError)):
            restore(tmp_path / name, tmp_path / "restored")
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "restored").exists()


def test_nothing_is_overwritten(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "precious").write_text("x")
    with pytest.raises(UsageError, match="exists"):
        backup(shop, tmp_path / "there")
    with pytest.raises(UsageError, match="inside"):
        backup(shop, shop / "backup")
    backup(shop, tmp_path / "b")
    with pytest.raises(UsageError, match="not empty"):
        restore(tmp_path / "b", tmp_path / "there")
    with pytest.raises(UsageError, match="no backup"):
        restore(tmp_path / "there", tmp_path / "new")
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "b", tmp_path / "empty")
    assert json.loads((tmp_path / "b" / "backup.json").read_text())["generation"] == 1


def test_a_switch_of_spaces_in_the_middle_never_leaves_an_index_without_its_records(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: Path
) -> None:
    from service.requests import IndexRequest

    monkeypatch.setattr("embedder.registry.open_embedder", lambda *_, **__: FakeEmbedder("2"))
    engine.index_catalogue(IndexRequest(catalogue, embedder="other"))
    real, switched = Shop.snapshot, []

    def slow(shop: Shop, target: Path) -> None:
        if not switched:
            switched.append(engine.switch())
        real(shop, target)

    monkeypatch.setattr(Shop, "snapshot", slow)
    backup(engine.directory, tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "restored")
    with Engine.open(tmp_path / "restored") as again:
        assert again.parts.index().space == engine.parts.index().space == FakeEmbedder("2").space
        assert again.parts.index().warnings == []

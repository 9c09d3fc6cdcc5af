"""The engine on a tiny shop: what is asked, what is changed, and that changes show at once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from data.errors import (
    BadFilter,
    BadPhoto,
    EmptyShop,
    NoVector,
    ShopMissing,
    SpaceMismatch,
    UnknownCustomer,
    UnknownPhoto,
    UnknownProduct,
    UsageError,
)
from data.records import Interaction, Product
from service.engine import Engine
from service.requests import EventsRequest, IndexRequest, Look, RecommendRequest, SimilarRequest
from tests.service.drawn import draw_photo, write_events
from tests.service.fakes import FakeEmbedder


def like(product_id: str, k: int = 5, **more: object) -> SimilarRequest:
    return SimilarRequest(examples=(Look(product_id=product_id),), k=k, **more)  # type: ignore[arg-type]


def ids(answer: object) -> list[str]:
    return [str(hit["product_id"]) for hit in answer.hits]  # type: ignore[attr-defined]


def purchase(customer: str, product_id: str, event_id: str | None = None) -> Interaction:
    return Interaction(customer, product_id, "purchase", datetime(2026, 3, 1, tzinfo=UTC), event_id=event_id)


def _full_disk(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


class TestAsking:
    def test_a_hit_says_what_a_person_wants_to_know(self, engine: Engine) -> None:
        hit = engine.similar(like("disc-red")).hits[0]
        assert hit["title"] == f"{str(hit['product_id']).split('-')[1]} {hit['category']}"
        assert engine.photo_file(str(hit["photo_id"])).name.startswith(str(hit["product_id"]))
        assert set(hit["aspects"]) == {"shape", "colour"}  # type: ignore[call-overload]

    def test_score_is_the_weighted_mean_of_the_aspects(self, engine: Engine) -> None:
        shares = engine.aspects()
        hit = engine.similar(like("disc-red")).hits[0]
        aspects: dict[str, float] = hit["aspects"]  # type: ignore[assignment]
        assert hit["score"] == pytest.approx(sum(shares[n] * c for n, c in aspects.items()), abs=5e-3)

    def test_several_examples_and_negatives(self, engine: Engine) -> None:
        both = SimilarRequest(examples=(Look("disc-red"), Look("disc-green", weight=2)), k=22)
        assert not {"disc-red", "disc-green"} & set(ids(engine.similar(both)))
        assert ids(engine.similar(like("disc-red", k=1)))[0].startswith("disc")
        away = like("disc-red", k=5, negatives=(Look("disc-blue"),))
        assert "disc-blue" not in ids(engine.similar(away))

    def test_a_photo_as_bytes(self, engine: Engine, tmp_path: Path) -> None:
        data = draw_photo(tmp_path / "q.jpg", "bar", "green").read_bytes()
        answer = engine.similar(SimilarRequest(examples=(Look(photo=data),), k=1))
        assert ids(answer) == ["bar-green"]

    def test_a_file_that_is_no_photo(self, engine: Engine) -> None:
        with pytest.raises(BadPhoto):
            engine.similar(SimilarRequest(examples=(Look(photo=b"nothing"),)))

    def test_an_embedder_that_changed_is_an_error(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("embedder.registry.open_embedder", lambda *_, **__: FakeEmbedder("2"))
        photo = draw_photo(tmp_path / "q.jpg", "bar", "green")
        with pytest.raises(SpaceMismatch, match="vitrine index"):
            engine.similar(SimilarRequest(examples=(Look(photo=photo),)))

    def test_requests_check_themselves(self) -> None:
        with pytest.raises(UsageError, match="exactly one"):
            Look()
        with pytest.raises(UsageError, match="exactly one"):
            Look("a", photo=b"b")
        with pytest.raises(UsageError, match="above 0"):
            Look("a", weight=float("nan"))
        with pytest.raises(UsageError, match="at least one example"):
            SimilarRequest(examples=())
        with pytest.raises(UsageError, match="k must"):
            like("a", k=0)
        with pytest.raises(UsageError, match="exactly one"):
            RecommendRequest()

    def test_many_threads_get_the_same_answer(self, engine: Engine) -> None:
        wanted = ids(engine.similar(like("disc-red")))
        found: list[list[str]] = []
        threads = [
            threading.Thread(target=lambda: found.append(ids(engine.similar(like("disc-red")))))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [wanted] * 8


class TestRecommending:
    def test_ten_distinct_unseen_products_with_reasons(self, engine: Engine) -> None:
        answer = engine.recommend(RecommendRequest(customer_id="customer-03", k=10))
        seen = {event.product_id for event in engine.history("customer-03")}
        found = [item["product_id"] for item in answer.items]
        assert len(set(found)) == 10
        assert not seen & set(found)
        assert all(item["in_stock"] for item in answer.items)
        assert all(item["reasons"] for item in answer.items)
        assert answer.fallback is None

    def test_a_stranger_gets_a_flagged_fallback(self, engine: Engine) -> None:
        answer = engine.recommend(RecommendRequest(customer_id="stranger", k=10))
        assert len(answer.items) == 10
        assert answer.fallback

    def test_a_session_needs_no_customer(self, engine: Engine) -> None:
        answer = engine.recommend_session([purchase("session", "disc-red")], k=5)
        assert len(answer.items) == 5
        assert answer.fallback is None
        assert engine.history("session") == []

    def test_an_event_counts_in_the_very_next_answer(self, engine: Engine) -> None:
        assert engine.recommend(RecommendRequest(customer_id="new")).fallback
        assert engine.add_interactions([purchase("new", "disc-red", "e1")]) == {"stored": 1, "repeated": 0}
        assert engine.add_interactions([purchase("new", "disc-red", "e1")]) == {"stored": 0, "repeated": 1}
        answer = engine.recommend(RecommendRequest(customer_id="new"))
        assert answer.fallback is None
        assert "disc-red" not in [item["product_id"] for item in answer.items]

    def test_an_unknown_product_stores_nothing(self, engine: Engine) -> None:
        with pytest.raises(UnknownProduct, match="nowhere"):
            engine.add_interactions([purchase("new", "disc-red"), purchase("new", "nowhere")])
        assert engine.history("new") == []

    def test_forget(self, engine: Engine) -> None:
        assert engine.forget_customer("customer-03") == 8
        assert engine.history("customer-03") == []
        with pytest.raises(UnknownCustomer):
            engine.forget_customer("customer-03")


class TestChanging:
    def test_a_new_product_with_a_photo_is_found_at_once(self, engine: Engine, tmp_path: Path) -> None:
        engine.put_product(Product("fresh", title="fresh disc", category="disc", price=9.0))
        with pytest.raises(NoVector):
            engine.similar(like("fresh"))
        data = draw_photo(tmp_path / "fresh.jpg", "disc", "red", shift=2).read_bytes()
        photo = engine.add_photo("fresh", data, "../../fresh.jpg")
        assert photo.status == "done"
        assert engine.photo_file(photo.photo_id).is_relative_to(engine.directory)
        assert ids(engine.similar(like("disc-red", k=1))) == ["fresh"]
        assert len(ids(engine.similar(like("fresh", k=3)))) == 3

    def test_a_deleted_product_is_gone_at_once(self, engine: Engine) -> None:
        gone = ids(engine.similar(like("disc-red", k=1)))[0]
        engine.delete_product(gone)
        assert gone not in ids(engine.similar(like("disc-red", k=23)))
        with pytest.raises(UnknownProduct):
            engine.product(gone)
        with pytest.raises(UnknownProduct):
            engine.delete_product(gone)

    def test_a_bad_photo_is_not_stored(self, engine: Engine) -> None:
        before = engine.product("disc-red")["photos"]
        with pytest.raises(BadPhoto):
            engine.add_photo("disc-red", b"GIF89a nonsense", "x.gif")
        assert engine.product("disc-red")["photos"] == before

    def test_a_new_price_counts_in_filters_at_once(self, engine: Engine) -> None:
        engine.put_product(Product("disc-red", title="red disc", category="disc", price=999.0))
        page = engine.products(where="price > 900")
        assert [p["product_id"] for p in page.products] == ["disc-red"]
        assert len(engine.product("disc-red")["photos"]) == 2  # type: ignore[arg-type]

    def test_a_shop_can_start_without_a_catalogue(self, tmp_path: Path, fake_embedder: FakeEmbedder) -> None:
        with Engine.create(tmp_path / "empty") as engine:
            assert not engine.ready()
            with pytest.raises(EmptyShop):
                engine.similar(like("a"))
            for colour in ("red", "green", "blue"):
                engine.put_product(Product(colour))
                photo = draw_photo(tmp_path / f"{colour}.jpg", "disc", colour)
                engine.add_photo(colour, photo.read_bytes(), "p.jpg")
            assert engine.rebuild_index()
            assert engine.ready()
            assert len(ids(engine.similar(like("red")))) == 2

    def test_a_shop_without_photos_recommends_and_finds_no_look_alikes(
        self, tmp_path: Path, fake_embedder: FakeEmbedder
    ) -> None:
        products = tmp_path / "products.csv"
        products.write_text("product_id,category\n" + "".join(f"p{i},kind {i % 2}\n" for i in range(6)))
        with Engine.create(tmp_path / "bare") as engine:
            engine.index_catalogue(IndexRequest(products))
            for customer, product in (("a", "p0"), ("a", "p2"), ("b", "p0"), ("b", "p4")):
                engine.add_interactions([Interaction(customer, product, "purchase", datetime.now(UTC))])
            engine.train()
            found = engine.recommend(RecommendRequest(customer_id="a", k=2))
            assert (found.fallback, found.items[0]["product_id"], found.warnings) == (None, "p4", ())
            with pytest.raises(EmptyShop, match="no photo of this shop has a vector yet"):
                engine.similar(like("p0"))
            assert not engine.ready()


class TestLooking:
    def test_pages(self, engine: Engine) -> None:
        first = engine.products(page=1, size=10)
        assert (first.total, first.pages, len(first.products)) == (24, 3, 10)
        last = engine.products(page=3, size=10)
        assert len(last.products) == 4
        assert engine.products(page=9, size=10).products == []
        everything = [p["product_id"] for n in (1, 2, 3) for p in engine.products(page=n, size=10).products]
        assert everything == sorted(set(everything))
        assert engine.products(where='colour = "red" and not in_stock').total == 0

    def test_a_filter_that_is_wrong(self, engine: Engine) -> None:
        with pytest.raises(BadFilter):
            engine.products(where="price ==")

    def test_one_product(self, engine: Engine) -> None:
        found = engine.product("bar-pink")
        assert found["attributes"] == {"colour": "pink", "tone": "warm"}
        assert [p["position"] for p in found["photos"]] == [0, 1]  # type: ignore[attr-defined]

    def test_thumbnails(self, engine: Engine, tmp_path: Path) -> None:
        photo_id = str(engine.product("bar-pink")["photos"][0]["photo_id"])  # type: ignore[index]
        (tmp_path / "t.jpg").write_bytes(engine.thumbnail(photo_id, 48))
        with Image.open(tmp_path / "t.jpg") as small:
            assert max(small.size) == 48
        with pytest.raises(UnknownPhoto):
            engine.thumbnail("0123456789abcdef", 48)

    def test_info_names_what_is_missing(self, engine: Engine) -> None:
        info = engine.info()
        assert info["counts"]["live"] == 24  # type: ignore[index]
        assert info["counts"]["interactions"] == 320  # type: ignore[index]
        assert [line.split(":")[0] for line in info["missing"]] == ["the recommender is not trained yet"]  # type: ignore[attr-defined]

    def test_no_shop(self, tmp_path: Path) -> None:
        with pytest.raises(ShopMissing):
            Engine.open(tmp_path / "none")


class TestImporting:
    def test_events_are_counted_once(self, engine: Engine, tmp_path: Path) -> None:
        events = write_events(tmp_path / "events.csv")
        report = engine.import_interactions(EventsRequest(events, columns={"customer_id": "user"}))
        assert (report.rows, report.stored, report.repeated, report.rejected) == (320, 0, 320, 0)

    def test_a_broken_build_leaves_the_shop_as_it_was_and_is_taken_up_again(
        self, engine: Engine, catalogue: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = engine.similar(like("disc-red"))
        later = FakeEmbedder("2")
        with monkeypatch.context() as broken:
            broken.setattr("embedder.registry.open_embedder", lambda *_, **__: later)
            broken.setattr("index.generation.build_generation", _full_disk)
            with pytest.raises(OSError, match="No space"):
                engine.index_catalogue(IndexRequest(catalogue, embedder="other", switch=True))
        assert engine.similar(like("disc-red")) == before
        monkeypatch.setattr("embedder.registry.open_embedder", lambda *_, **__: later)
        report = engine.index_catalogue(IndexRequest(catalogue, embedder="other", switch=True))
        assert (report.encoded, report.built, report.space) == (0, True, later.space)
        assert engine.similar(like("disc-red")).space == later.space
        assert engine.parts.embedder_spec() == "other"

    def test_another_process_is_followed(self, engine: Engine, shop: Path, catalogue: Path) -> None:
        first = engine.similar(like("disc-red", k=30))
        with Engine.open(shop) as other:
            other.delete_product("disc-blue")
            assert "disc-blue" not in ids(engine.similar(like("disc-red", k=30)))
            report = other.index_catalogue(IndexRequest(catalogue, rebuild=True))
        second = engine.similar(like("disc-red", k=30))
        assert (second.generation, ids(second)) == (report.generation, ids(first))
        assert second.generation > first.generation

    def test_a_catalogue_indexed_twice_builds_once(self, engine: Engine, catalogue: Path) -> None:
        report = engine.index_catalogue(IndexRequest(catalogue))
        assert not report.built
        assert report.encoded == 0
        assert report.reused == 48

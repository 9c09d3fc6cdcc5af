"""From one embedder to another: beside, compared, over in one step and back; nobody who asks sees a mix."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from PIL import Image

from data.errors import EmptyShop, NotReady, SpaceMismatch, TooManyRejects, UsageError, WeightsMissing
from data.records import Product
from index.generations import Generations
from service.engine import Engine
from service.requests import IndexRequest, Look, RecommendRequest, SimilarRequest
from tests.service.drawn import draw_photo, rows, write_catalogue
from tests.service.two import BUNDLED, TINTED, both, fill, opened, opening

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = BUNDLED.space, TINTED.space


@pytest.fixture
def engine(shop: Path) -> Iterator[Engine]:
    """An engine on a copy of the indexed shop, to which both embedders are known."""
    with both(), Engine.open(shop) as opened_engine:
        yield opened_engine


@pytest.fixture(scope="module")
def filled_shop(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The indexed shop with the space of ``tinted`` filled beside; not to be changed."""
    directory = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("filled") / "shop"))
    with both(), Engine.open(directory) as engine:
        fill(engine)
    return directory


@pytest.fixture
def filled(filled_shop: Path, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a copy of it."""
    with both(), Engine.open(Path(shutil.copytree(filled_shop, tmp_path / "filled"))) as opened_engine:
        yield opened_engine


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports ask three products and show one: comparing is most of what takes time in so small a shop."""
    monkeypatch.setattr("service.switch_report.ASKED", 3)
    monkeypatch.setattr("service.switch_report.MOVED", 1)


def like(engine: Engine, product: str = "disc-red", k: int = 5) -> Any:
    return engine.similar(SimilarRequest(examples=(Look(product),), k=k))


def ids(answer: Any) -> list[str]:
    return [str(item["product_id"]) for item in getattr(answer, "hits", None) or answer.items]


def upload(engine: Engine, product: str, folder: Path, colour: str = "red") -> None:
    engine.put_product(Product(product, title=product, category="disc"))
    data = draw_photo(folder / f"{product}.jpg", "disc", colour, shift=2).read_bytes()
    engine.add_photo(product, data, "photo.jpg")


@pytest.mark.usefixtures("briefly")
class TestBeside:
    def test_the_old_space_goes_on_answering_and_nothing_is_switched(self, engine: Engine) -> None:
        before = like(engine)
        report = fill(engine)
        assert like(engine) == before
        assert (report.encoded, report.space, report.in_use, report.built) == (48, NEW, False, True)
        assert (report.rows, report.generation) == (0, 2)
        assert report.switch["switched"] is False
        assert report.switch["how"].endswith("--embedder tinted --switch")
        current = Generations(engine.directory / "index").current()
        assert current == "000001"
        again = fill(engine)
        assert (again.encoded, again.built, again.generation) == (0, False, 2)

    def test_filling_beside_leaves_the_old_generation_up_to_date(
        self, filled: Engine, catalogue: Path
    ) -> None:
        report = filled.index_catalogue(IndexRequest(catalogue))
        assert (report.encoded, report.built, report.space, report.in_use) == (0, False, OLD, True)
        assert filled.parts.index().changed == 0

    def test_the_first_indexing_needs_no_switch(self, tmp_path: Path, catalogue: Path) -> None:
        with both(), Engine.create(tmp_path / "first") as engine:
            report = engine.index_catalogue(IndexRequest(catalogue, embedder="tinted"))
            assert (report.in_use, report.switch, like(engine).space) == (True, None, NEW)

    def test_the_same_space_under_another_name_is_no_switch(self, engine: Engine) -> None:
        with opening(lambda *_, **__: BUNDLED):
            report = engine.index_catalogue(IndexRequest(embedder="copy-of-bundled"))
        assert (report.encoded, report.in_use, report.switch) == (0, True, None)
        assert engine.parts.embedder_spec() == "copy-of-bundled"

    def test_what_is_new_in_the_catalogue_is_found_in_both_spaces(
        self, engine: Engine, catalogue: Path
    ) -> None:
        draw_photo(catalogue.parent / "late.jpg", "disc", "red", shift=3)
        late = {**rows()[0], "product_id": "late", "image": "late.jpg"}
        more = write_catalogue(catalogue.parent / "more.csv", [*rows(), late])
        report = engine.index_catalogue(IndexRequest(more, embedder="tinted"))
        assert (report.rows, report.used, report.encoded) == (25, 25, 49)
        assert (ids(like(engine, k=1)), like(engine).space) == (["late"], OLD)
        engine.switch()
        assert "late" in ids(like(engine))

    def test_an_embedder_of_the_shop_that_is_out_of_reach_is_no_obstacle(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        def only_tinted(spec: str, *_: object, **__: object) -> Any:
            if spec == "bundled":
                raise WeightsMissing("the weights are gone")
            return opened(spec)

        upload(engine, "fresh", tmp_path)
        photo = engine.parts.shop.photos_of("fresh")[0]
        path = engine.parts.shop.photo_path(photo)
        path.write_bytes(draw_photo(tmp_path / "other.jpg", "bar", "green", shift=5).read_bytes())
        with opening(only_tinted):
            report = fill(engine)
        assert report.encoded == 49
        assert "the weights are gone" in report.warnings[0]

    def test_a_damaged_index_is_no_obstacle_either(self, engine: Engine) -> None:
        victim = engine.directory / "index" / "000001" / "vectors.npy"
        victim.write_bytes(victim.read_bytes()[:-2])
        report = fill(engine, switch=True)
        assert "--rebuild" in report.switch["not_compared"]
        assert (report.in_use, like(engine).space) == (True, NEW)

    def test_nothing_is_compared_where_no_label_is_shared(self, engine: Engine) -> None:
        told = fill(engine, label="price-tag").switch
        assert told["labels"] is None
        assert "price-tag" in told["unlabelled"]


class TestReport:
    def test_figures_and_files(self, engine: Engine) -> None:
        told = fill(engine).switch
        folder = engine.directory / "reports" / f"switch-{OLD}-{NEW}"
        assert told["report"] == str(folder / "report.html")
        kept = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        assert kept["overlap@10"] == told["overlap@10"]
        assert kept["asked"] == kept["overlap@10"]["queries"] == 24
        assert (kept["old"]["bytes_per_photo"], kept["new"]["bytes_per_photo"]) == (40, 14)
        page = (folder / "report.html").read_text(encoding="utf-8")
        assert page.count("data:image/jpeg;base64,") == 11 * len(kept["moved"])
        assert "http" not in page
        with Image.open(folder / "moved.png") as sheet:
            assert sheet.width > 2000
            assert sheet.height > len(kept["moved"]) * 300

    def test_overlap_is_what_asking_both_spaces_gives(self, filled: Engine) -> None:
        folder = filled.directory / "reports" / f"switch-{OLD}-{NEW}"
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        products = [str(row["product_id"]) for row in rows()]
        old = {product: set(ids(like(filled, product, 10))) for product in products}
        filled.switch()
        new = {product: set(ids(like(filled, product, 10))) for product in products}
        shares = {product: len(old[product] & new[product]) / 10 for product in products}
        assert report["overlap@10"]["mean"] == pytest.approx(sum(shares.values()) / 24)
        moved = [(one["product_id"], one["common"] / one["of"]) for one in report["moved"]]
        assert moved == sorted(shares.items(), key=lambda pair: (pair[1], pair[0]))[:8]

    def test_measures_on_labels_say_which_embedder_sees_them(self, engine: Engine) -> None:
        by_colour = fill(engine, label="colour").switch["labels"]
        by_shape = fill(engine).switch["labels"]
        assert by_shape["label"] == "category"
        for labels, better in ((by_colour, 1), (by_shape, -1)):
            assert (labels["photos"], len(labels["measures"])) == (48, 2)
            for measure in labels["measures"]:
                assert better * measure["difference"]["mean"] > 0, measure
                assert measure["difference"]["mean"] == pytest.approx(
                    measure["new"]["mean"] - measure["old"]["mean"]
                )

    def test_one_that_learnt_from_these_photos_is_said_to_be_flattered(self, engine: Engine) -> None:
        assert fill(engine).switch["caution"] is None
        record = engine.directory / "models" / "tinted" / "finetuning.json"
        record.parent.mkdir(parents=True)
        record.write_text('{"verdict": {"better": true}}', encoding="utf-8")
        told = fill(engine).switch
        assert told["caution"].startswith("tinted may have learnt")
        assert "tinted may have learnt" in Path(told["report"]).read_text(encoding="utf-8")
        assert fill(engine, label="none").switch["caution"] is None


@pytest.mark.usefixtures("briefly")
class TestSwitching:
    def test_there_and_back(self, filled: Engine) -> None:
        before = like(filled)
        answer = filled.switch()
        assert (answer.old.space, answer.new.space, answer.missing) == (OLD, NEW, 0)
        after = like(filled)
        assert (after.space, after.generation, after.warnings) == (NEW, 2, ())
        assert {hit.split("-")[1] for hit in ids(after)[:3]} == {"red"}
        assert filled.info()["embedder"] == "tinted"
        back = filled.switch_back()
        assert (back.new.space, back.generation, back.missing, back.warnings) == (OLD, 1, 0, ())
        assert like(filled) == before
        filled.switch()
        assert like(filled) == after

    def test_filling_and_switching_at_once(self, engine: Engine) -> None:
        report = fill(engine, switch=True)
        assert (report.in_use, report.switch["switched"], like(engine).space) == (True, True, NEW)
        assert Generations(engine.directory / "index").current() == "000002"

    def test_a_photo_is_asked_with_the_embedder_of_the_space(self, filled: Engine, catalogue: Path) -> None:
        photo = SimilarRequest(examples=(Look(photo=catalogue.parent / "bar-green.jpg"),), k=1)
        for _ in range(2):
            assert ids(filled.similar(photo)) == ["bar-green"]
            filled.switch()
            assert ids(filled.similar(photo)) == ["bar-green"]
            filled.switch_back()

    def test_photos_that_would_be_lost_forbid_it(self, filled: Engine, tmp_path: Path) -> None:
        upload(filled, "fresh", tmp_path)
        assert ids(like(filled, k=1)) == ["fresh"]
        with pytest.raises(NotReady, match=r"1 photos .* --embedder tinted") as caught:
            filled.switch()
        assert caught.value.detail["missing"] == 1
        assert like(filled).space == OLD
        assert "1 photos are not encoded by tinted" in " ".join(filled.info()["missing"])  # type: ignore[arg-type]
        assert fill(filled).encoded == 1
        filled.switch()
        assert "fresh" in ids(like(filled, k=6))

    def test_going_back_holds_what_changed_meanwhile(self, filled: Engine, tmp_path: Path) -> None:
        filled.switch()
        upload(filled, "fresh", tmp_path)
        filled.delete_product("disc-pink")
        filled.put_product(Product("bar-red", title="bar", category="bar", price=1.0))
        back = filled.switch_back()
        assert back.missing == 1
        assert "1 photos have no vector" in back.warnings[0]
        assert not {"fresh", "disc-pink"} & set(ids(like(filled, k=30)))
        cheap = SimilarRequest(examples=(Look("disc-red"),), k=5, where="price < 2")
        assert ids(filled.similar(cheap)) == ["bar-red"]
        report = filled.index_catalogue(IndexRequest())
        assert (report.encoded, report.space) == (1, OLD)
        assert ids(like(filled, k=1)) == ["fresh"]

    def test_going_back_builds_what_is_not_there(self, filled: Engine) -> None:
        before = ids(like(filled))
        filled.switch()
        Generations(filled.directory / "index").drop(OLD)
        assert filled.switch_back().generation == 3
        assert ids(like(filled)) == before

    def test_photos_encoded_beside_are_found_after_going_back(self, filled: Engine, tmp_path: Path) -> None:
        """Also where nobody built a generation after they were encoded."""
        filled.switch()
        upload(filled, "fresh", tmp_path)
        filled.rebuild_index()
        assert filled.index_catalogue(IndexRequest(embedder="bundled")).encoded == 1
        filled.switch_back()
        assert ids(like(filled, k=1)) == ["fresh"]

    def test_a_run_with_too_many_rejects_does_not_switch(self, engine: Engine, catalogue: Path) -> None:
        wrong = [{**row, "price": "dear"} if n < 5 else row for n, row in enumerate(rows())]
        bad = write_catalogue(catalogue.parent / "dear.csv", wrong)
        with pytest.raises(TooManyRejects):
            engine.index_catalogue(IndexRequest(bad, embedder="tinted", switch=True))
        assert like(engine).space == OLD

    def test_nothing_to_switch_to_or_back(self, engine: Engine) -> None:
        with pytest.raises(UsageError, match="fill one first"):
            engine.switch()
        with pytest.raises(UsageError, match="nothing to go back to"):
            engine.switch_back()
        with pytest.raises(UsageError, match="--embedder"):
            IndexRequest(switch=True)
        with pytest.raises(UsageError, match="--prune"):
            IndexRequest(prune=True)

    def test_an_embedder_that_changed_since_is_not_switched_to(self, filled: Engine) -> None:
        with (
            opening(lambda *_, **__: BUNDLED),
            Engine.open(filled.directory) as other,
            pytest.raises(SpaceMismatch),
        ):
            other.switch()
        assert like(filled).space == OLD

    def test_a_photo_that_arrives_during_a_switch_is_found_after_it(
        self, filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = filled.shop.add_photo

        def switching(*parts: Any) -> Any:
            with Engine.open(filled.directory) as other:
                other.switch()
            return kept(*parts)

        monkeypatch.setattr(filled.shop, "add_photo", switching)
        upload(filled, "fresh", tmp_path)
        assert like(filled).space == NEW
        assert "fresh" in ids(like(filled, k=6))

    def test_a_space_can_be_dropped(self, filled: Engine) -> None:
        with pytest.raises(UsageError, match="is the one that is searched"):
            filled.drop_space(OLD)
        with pytest.raises(SpaceMismatch):
            filled.drop_space("nobody's")
        filled.switch()
        assert filled.drop_space(OLD) == {"dropped": OLD, "vectors": 48, "generations": [1]}
        with pytest.raises(UsageError, match="nothing to go back to"):
            filled.switch_back()
        assert [space["space"] for space in filled.info()["spaces"]] == [NEW]  # type: ignore[attr-defined, index]
        assert like(filled).space == NEW

    def test_info_tells_the_spaces(self, filled: Engine) -> None:
        filled.switch()
        told = {s["space"]: s for s in filled.info()["spaces"]}  # type: ignore[attr-defined, index]
        assert set(told) == {OLD, NEW}
        assert (told[NEW]["current"], told[OLD]["current"], told[OLD]["previous"]) == (True, False, True)
        for name, dims, generation in ((OLD, 20, 1), (NEW, 7, 2)):
            assert (told[name]["photos"], told[name]["missing"], told[name]["vectors"]) == (48, 0, 48)
            assert (told[name]["bytes"], told[name]["generation"]) == (48 * 2 * dims, generation)


class TestRecommender:
    def test_one_that_was_trained_on_other_looks_says_so_and_leaves_them_out(self, filled: Engine) -> None:
        asked = RecommendRequest(customer_id="customer-03", k=6)
        filled.train()
        before = filled.recommend(asked)
        assert before.warnings == ()
        assert "vitrine train" in filled.switch().warnings[0]
        answer = filled.recommend(asked)
        assert len(answer.items) == 6
        assert "vitrine train" in answer.warnings[0]
        assert not {"looks", "trend"} & sources(answer)
        assert filled.switch_back().warnings == ()
        assert filled.recommend(asked).warnings == ()

    def test_one_that_was_not_trained_goes_by_looks_in_any_space(self, filled: Engine) -> None:
        asked = RecommendRequest(customer_id="customer-03", k=6)
        assert "looks" in sources(filled.recommend(asked))
        filled.switch()
        answer = filled.recommend(asked)
        assert answer.warnings == ()
        assert "looks" in sources(answer)


def sources(answer: Any) -> set[str]:
    return {reason["source"] for item in answer.items for reason in item["reasons"]}


@pytest.mark.usefixtures("briefly")
class TestVerdict:
    @pytest.mark.parametrize(
        ("record", "part"),
        [
            ('{"verdict": {"better": false, "text": "mAP@R .41 against .42"}}', "not significantly better"),
            ('{"verdict": {"better": null, "text": "too few"}}', "could not be told"),
            ('{"verdict": {"better": false}}', "not significantly better"),
            ('{"verdict": {"text": "lost"}}', "not known"),
            ("half a fi", "not known"),
            ('{"verdict": {"better": true, "text": "fine"}}', None),
            ('{"settings": {}}', None),
            (None, None),
        ],
    )
    def test_an_embedder_that_did_not_help_is_warned_of_and_used(
        self, engine: Engine, record: str | None, part: str | None
    ) -> None:
        folder = engine.directory / "models" / "tinted"
        folder.mkdir(parents=True)
        if record is not None:
            (folder / "finetuning.json").write_text(record, encoding="utf-8")
        warnings = engine.doubts("tinted")
        assert fill(engine).warnings == warnings
        assert len(warnings) == (part is not None)
        assert all(str(part) in warning and "tinted" in warning for warning in warnings)

    def test_other_embedders_are_not_doubted(self, engine: Engine) -> None:
        assert engine.doubts("bundled") == engine.doubts("../elsewhere") == ()


class PowerCut(BaseException):
    """Nothing catches it."""


STEPS = [
    ("data.store.vectors.Vectors.put", OLD),
    ("index.generation.write", OLD),
    ("index.generation.publish", OLD),
    ("service.indexing.compared", OLD),
    ("data.store.spaces.Spaces.use", NEW),
    ("index.generations.Generations.make_current", NEW),
]


@pytest.mark.usefixtures("briefly")
class TestFaults:
    @pytest.mark.parametrize(("step", "space"), STEPS)
    def test_a_crash_between_any_two_steps_leaves_one_space_whole(
        self, engine: Engine, tmp_path: Path, step: str, space: str
    ) -> None:
        whole = resolve_name(step)

        def crash(*parts: Any, **more: Any) -> None:
            whole(*parts, **more)
            raise PowerCut

        with pytest.MonkeyPatch.context() as patch, Engine.open(engine.directory) as other:
            patch.setattr(step, crash)
            with pytest.raises(PowerCut):
                fill(other, switch=True, label="none")
        whole_in(engine.directory, space, tmp_path)

    @pytest.mark.parametrize(
        ("step", "space", "left"),
        [("data.store.vectors.Vectors.put", OLD, 40), ("data.store.spaces.Spaces.use", NEW, 0)],
    )
    def test_a_process_that_is_killed(
        self, shop: Path, tmp_path: Path, step: str, space: str, left: int
    ) -> None:
        done = subprocess.run([sys.executable, "-m", "tests.service.two", shop, "kill", step], cwd=ROOT)
        assert done.returncode == -signal.SIGKILL
        with both():
            encoded = whole_in(shop, space, tmp_path)
        # One more photo was uploaded, which is encoded at once where the shop is in the new space already.
        assert encoded == left + (space == OLD), "what was encoded is kept"


def whole_in(shop: Path, space: str, folder: Path) -> int:
    """The shop is wholly in a space, and the run that follows gets to the new one; what that encoded."""
    with Engine.open(shop) as engine:
        answer = like(engine, k=23)
        assert (answer.space, answer.warnings, len(answer.hits)) == (space, (), 23)
        assert engine.info()["space"] == engine.parts.space() == space
        photo = draw_photo(folder / "asked.jpg", "bar", "green")
        assert ids(engine.similar(SimilarRequest(examples=(Look(photo=photo),), k=1))) == ["bar-green"]
        upload(engine, "fresh", folder)
        assert "fresh" in ids(like(engine, k=6))
        report = fill(engine, switch=True, label="none")
        assert report.in_use
        answer = like(engine, k=24)
        assert (answer.space, answer.warnings, len(answer.hits)) == (NEW, (), 24)
        current = Generations(engine.directory / "index").current()
        assert int(current) == answer.generation
        return int(report.encoded)


Ask = Callable[[], tuple[Any, ...]]


class Asker:
    """A thread that asks the same question on and on and keeps every distinct answer."""

    def __init__(self, ask: Ask, told: threading.Condition) -> None:
        self._ask, self._told, self._stop = ask, told, False
        self.answers: set[tuple[Any, ...]] = set()
        self.faults: list[BaseException] = []
        self.count = 0
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self._stop:
            try:
                self.answers.add(self._ask())
            except BaseException as error:
                self.faults.append(error)
                self._stop = True
            with self._told:
                self.count += 1
                self._told.notify_all()

    def end(self) -> None:
        self._stop = True
        self._thread.join()


class TestRunningService:
    """Questions by id, by photo and for recommendations while the shop goes to and fro."""

    @pytest.fixture
    def questions(self, filled: Engine, catalogue: Path) -> list[Ask]:
        upload_of = (catalogue.parent / "cross-blue.jpg").read_bytes()

        def answered(request: SimilarRequest) -> tuple[Any, ...]:
            answer = filled.similar(request)
            hits = [(h["product_id"], h["score"], h["photo_id"]) for h in answer.hits]
            return (answer.space, answer.generation, tuple(hits), answer.warnings)

        def recommended() -> tuple[Any, ...]:
            answer = filled.recommend(RecommendRequest(customer_id="customer-03", k=8))
            return (tuple(ids(answer)), frozenset(sources(answer)), answer.fallback, answer.warnings)

        return [
            lambda: answered(SimilarRequest(examples=(Look("disc-red"),), k=8, where="price < 60")),
            lambda: answered(SimilarRequest(examples=(Look(photo=upload_of), Look("bar-red")), k=8)),
            recommended,
        ]

    @pytest.mark.parametrize("trained", [False, True])
    def test_every_answer_is_wholly_of_one_space(
        self, filled: Engine, questions: list[Ask], trained: bool
    ) -> None:
        if trained:
            filled.train()
        right: list[list[tuple[Any, ...]]] = [[ask()] for ask in questions]
        filled.switch()
        for known, ask in zip(right, questions, strict=True):
            known.append(ask())
        filled.switch_back()
        assert all(len(set(known)) == 2 for known in right), "the two spaces answer differently"
        told = threading.Condition()
        askers = [Asker(ask, told) for ask in questions]
        try:
            self._toggle(filled.directory, askers, told)
        finally:
            for asker in askers:
                asker.end()
        for asker, known in zip(askers, right, strict=True):
            assert asker.faults == []
            assert asker.answers == set(known)

    def _toggle(self, shop: Path, askers: list[Asker], told: threading.Condition) -> None:
        """Another process switches six times; in between everybody is answered."""
        words = [sys.executable, "-m", "tests.service.two", str(shop), "toggle"]
        with subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            for turn in range(6):
                other.stdin.write("\n")
                other.stdin.flush()
                assert other.stdout.readline().strip() == (OLD if turn % 2 else NEW)
                before = [asker.count for asker in askers]
                with told:
                    assert told.wait_for(
                        lambda before=before: all(  # type: ignore[misc]
                            a.count >= n + 2 or a.faults for a, n in zip(askers, before, strict=True)
                        ),
                        timeout=60,
                    )
            other.stdin.close()
        assert other.returncode == 0


def test_a_shop_without_a_single_photo_says_so(tmp_path: Path) -> None:
    with both(), Engine.create(tmp_path / "bare") as engine:
        engine.put_product(Product("p"))
        engine.index_catalogue(IndexRequest())
        fill(engine)
        with pytest.raises(EmptyShop):
            engine.switch()

"""A whole comparison on tiny shops, through the engine: complete, resumable, within its time, and told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import EmptyShop, UsageError
from embedder.comparing.answers import CellResult
from embedder.comparing.backbones import Backbones
from embedder.comparing.cell import Bench
from embedder.comparing.comparison import Comparison
from embedder.comparing.deadline import Deadline
from embedder.comparing.grid import Cell
from embedder.registry import open_embedder, open_folder
from embedder.trained_on import TRAINED_ON_NAME, TrainedOn
from service.comparing import CompareAnswer, CompareRequest
from service.engine import Engine
from service.progress import Step
from service.requests import IndexRequest
from tests.embedder.finetuning.shops import hidden_label, striped
from tests.embedder.kit import tiny_folder

ALL = CompareRequest(
    also=("tone",),
    shares=(30, 100),
    seeds=2,
    epochs=1,
    methods=("colour", "random", "frozen", "fixed", "full"),
)
STORED = CompareRequest(labels=("kind",), shares=(30, 100), seeds=2, methods=("colour", "frozen", "fixed"))
"""What needs no photo."""


@pytest.fixture(scope="module", autouse=True)
def _quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of its own, one thread, and no other processes, neither to change photos nor to measure."""
    import torch

    from embedder.comparing.costs import Opening
    from embedder.comparing.inference import Inference, measure

    def measured(opening: Opening, side: int | None) -> Inference:
        return measure(
            open_embedder(opening.spec, opening.models, opening.runtime), side, opening.runtime, 0.0
        )

    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr("embedder.finetuning.feeding.workers", lambda: 0)
        patch.setattr("embedder.comparing.costs._measured", measured)
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("weights") / "base")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Iterator[Engine]:
    """A shop whose photos show the category, indexed."""
    folder = tmp_path_factory.mktemp("seen")
    striped(folder / "shop", folder / "photos", 48).close()
    with Engine.open(folder / "shop", runtime="torch") as engine:
        engine.index_catalogue(IndexRequest(embedder=str(base), runtime="torch", switch=True))
        yield engine


@pytest.fixture(scope="module")
def compared(seen: Engine) -> CompareAnswer:
    return seen.compare_embedders(ALL)


@pytest.fixture
def hidden(tmp_path: Path, base: Path) -> Iterator[Engine]:
    """A shop whose stored vectors hide a label, and whose photos cannot be read."""
    with hiding(tmp_path, base) as engine:
        yield engine


def hiding(folder: Path, base: Path) -> Engine:
    embedder = open_folder(base, runtime="torch")
    shop = hidden_label(folder / "shop", folder / "photos", embedder)
    shop.put_space(replace(shop.space(embedder.space), embedder=str(base)))
    shop.close()
    return Engine.open(folder / "shop", runtime="torch")


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs are not measured: that takes a process of its own."""
    monkeypatch.setattr("embedder.comparing.compare._costs", lambda *_: {})


def of(answer: CompareAnswer) -> Comparison:
    assert isinstance(answer.found, Comparison)
    return answer.found


def test_every_cell_of_the_table_is_there(compared: CompareAnswer) -> None:
    found = of(compared)
    assert not found.unrun
    assert len(found.ran) == 3 + 2 * 2 * 2
    wanted = {("colour", None), ("random", None), ("frozen", None)}
    wanted |= {(method, share) for method in ("fixed", "full") for share in (30, 100)}
    for label in ("category", "tone"):
        told = {(m.entry.method, m.entry.share): m for m in found.means if m.label == label}
        assert set(told) == wanted
        assert all(m.map_at_r.low <= m.map_at_r.mean <= m.map_at_r.high for m in told.values())
        assert {m.seeds for m in told.values()} == {2}
    assert len({mean.map_at_r.mean for mean in found.means}) > 8  # methods are not all the same
    by_share = {m.entry.share: m for m in found.means if m.entry.method == "fixed" and m.label == "category"}
    assert 0 < by_share[30].products < by_share[100].products


def test_costs_are_told_with_the_front(compared: CompareAnswer) -> None:
    prices = {price.method: price for price in of(compared).prices}
    assert set(prices) == {"colour", "random", "frozen", "fixed", "full"}
    frozen, full, colour = prices["frozen"], prices["full"], prices["colour"]
    assert frozen.cost is not None
    assert frozen.cost == full.cost
    assert frozen.cost.gmacs > 0
    assert frozen.speed is not None
    assert colour.cost is not None
    assert colour.cost.gmacs == 0
    assert (frozen.training_seconds, colour.training_seconds) == (0, 0)
    assert full.training_seconds > 0
    assert colour.vector_bytes == 64 * 2 * 10**6
    assert any(price.front for price in prices.values())


def test_what_is_better_than_one_model_stands_beside_the_others(
    seen: Engine, tmp_path: Path, free: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = ("partial", "full", "snapshots", "soup", "joined")
    wanted = CompareRequest(
        also=("tone",), shares=(100,), seeds=1, epochs=2, methods=methods, report=tmp_path / "report"
    )
    run = Bench.run

    def killed(bench: Bench, cell: Cell, tell: Callable[[str], None]) -> CellResult:
        if cell.method == "snapshots":
            raise KeyboardInterrupt
        return run(bench, cell, tell)

    with monkeypatch.context() as patch:
        patch.setattr(Bench, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            seen.compare_embedders(wanted)
    answer = seen.compare_embedders(wanted)
    found = of(answer)
    assert not found.unrun
    assert [cell.method for cell in found.known] == ["frozen", "partial", "full"]
    assert [cell.method for cell in found.ran] == ["snapshots", "soup", "joined"]
    for tests in (found.tests["against_frozen"], found.tests["elsewhere"]):
        assert {test.entry.method for test in tests} == set(methods)
    assert {test.entry.method for test in found.tests["by_class"]} == set(methods)
    made = {one.cell.method: one for one in found.combined}
    assert made["snapshots"].members == ("epoch 1", "epoch 2")
    assert (made["soup"].members, dict(made["soup"].without)) == (
        ("partial", "full"),
        {"progressive": "not compared"},
    )
    assert made["joined"].members[0] == "frozen"
    seconds = {price.method: price.training_seconds for price in found.prices}
    assert seconds["soup"] > seconds["partial"] + seconds["full"]
    assert seconds["joined"] > min(seconds["partial"], seconds["full"])
    page = (answer.folder / "report.html").read_text(encoding="utf-8")
    assert "partial, full; without progressive (not compared)" in page
    assert "What is joined runs the frozen network and a trained one" in page
    kept = json.loads((answer.folder / "report.json").read_text(encoding="utf-8"))
    assert [one["method"] for one in kept["combined"]] == ["snapshots", "soup", "joined"]
    again = of(seen.compare_embedders(wanted))
    assert (again.ran, again.means, again.combined) == ((), found.means, found.combined)
    more = of(seen.compare_embedders(replace(wanted, methods=(*methods, "progressive"))))
    assert [cell.method for cell in more.ran] == ["progressive", "soup", "joined"]


@pytest.mark.usefixtures("free")
def test_members_that_failed_are_named_and_too_few_of_them_are_a_failure(hidden: Engine) -> None:
    """The photos of this shop cannot be read, so what needs them fails; the vectors can be joined."""
    methods = ("fixed", "partial", "full", "soup", "joined")
    found = of(hidden.compare_embedders(replace(STORED, shares=(100,), seeds=1, methods=methods)))
    assert [cell.method for cell in found.ran] == ["frozen", "fixed", "joined"]
    why = {one.cell.method: one.why for one in found.unrun}
    assert why["soup"] == "it is made of at least 2 of partial, full, progressive; finished: none"
    (joined,) = found.combined
    assert joined.members == ("frozen", "fixed")
    assert set(joined.without) == {"partial", "full"}
    assert "photos are not among the decoded ones" in joined.without["full"]


def test_what_is_finished_is_never_run_again(seen: Engine, compared: CompareAnswer, tmp_path: Path) -> None:
    found = of(compared)
    same = replace(ALL, report=Path(shutil.copytree(compared.folder, tmp_path / "copy")))
    again = of(seen.compare_embedders(same))
    assert (again.ran, set(again.known)) == ((), set(found.ran))
    assert again.means == found.means
    assert again.tests == found.tests
    assert again.verdict == found.verdict
    wider = replace(same, methods=("fixed", "full", "partial"), shares=(100,))
    more = of(seen.compare_embedders(wider))
    assert {cell.method for cell in more.ran} == {"partial"}


def test_the_report_is_whole_and_stands_alone(compared: CompareAnswer) -> None:
    page = (compared.folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?\s*(https?:)?//""", page)
    assert not re.search(r"<(script|link|iframe|object)\b", page)
    assert page.count("<svg") == 5
    for part in ("negative", "Learning curves", "What it costs", "Paired tests", "nothing was taught"):
        assert part in page
    kept = json.loads((compared.folder / "report.json").read_text(encoding="utf-8"))
    told = json.loads(json.dumps(compared.as_json()))
    assert kept == {key: value for key, value in told.items() if key != "report"}
    assert kept["kind"] == "methods"
    assert len(kept["negative_transfer"]) == 4
    assert kept["design"]["settings"]["batches"]["epochs"] == 1
    assert compared.folder.name == "compare-category"


def test_the_report_opens_in_a_browser(compared: CompareAnswer, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 700})
        asked, faults = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((compared.folder / "report.html").as_uri())
        assert len(asked) == 1
        assert not faults
        assert page.locator("h1").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360  # nothing hangs out on a phone
        browser.close()


def test_a_hidden_label_is_found_by_fixed_and_it_is_shipped(hidden: Engine, free: None) -> None:
    found = of(hidden.compare_embedders(replace(STORED, shares=(100,), seeds=4)))
    means = {m.entry.method: m.map_at_r.mean for m in found.means}
    assert means["fixed"] > means["frozen"] > means["colour"] - 0.1
    test = next(t for t in found.tests["against_frozen"] if t.entry.method == "fixed")
    assert test.better is True
    assert (found.verdict.ship, found.verdict.better) == ("fixed", True)
    negative = {finding.kind: finding.negative for finding in found.findings}
    assert negative["frozen"] is False
    assert (negative["scratch"], negative["elsewhere"]) == (None, None)


@pytest.mark.usefixtures("free")
def test_a_killed_comparison_goes_on_after_its_finished_cells(
    hidden: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, done = Bench.run, []

    def killed(bench: Bench, cell: Cell, tell: object) -> object:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(cell)
        return run(bench, cell, tell)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Bench, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            hidden.compare_embedders(STORED)
    assert [cell.words for cell in done] == ["colour", "frozen", "fixed at 100 %, seed 7"]
    found = of(hidden.compare_embedders(STORED))
    assert set(found.known) == set(done)
    assert [cell.words for cell in found.ran] == [
        "fixed at 30 %, seed 7",
        "fixed at 100 %, seed 8",
        "fixed at 30 %, seed 8",
    ]


@pytest.mark.usefixtures("free")
def test_results_of_other_data_and_settings_are_not_mixed(hidden: Engine) -> None:
    one = replace(STORED, shares=(100,), seeds=1)
    assert len(of(hidden.compare_embedders(one)).ran) == 3
    other_seed = of(hidden.compare_embedders(replace(one, seed=8)))
    assert (len(other_seed.ran), other_seed.known) == (3, ())
    product = hidden.shop.product("p000")
    hidden.shop.put_product(replace(product, attributes={"kind": "k1"}))
    relabelled = of(hidden.compare_embedders(one))
    assert (len(relabelled.ran), relabelled.known) == (3, ())


@pytest.mark.usefixtures("free")
def test_the_time_is_kept_and_what_was_not_run_is_said(
    hidden: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [3]

    class Counted(Deadline):
        @property
        def over(self) -> bool:
            left[0] -= 1
            return left[0] < 0

    monkeypatch.setattr("embedder.comparing.deadline.Deadline", Counted)
    answer = hidden.compare_embedders(replace(STORED, minutes=5))
    found = of(answer)
    assert [cell.words for cell in found.ran] == ["colour", "frozen"]
    assert {one.why for one in found.unrun} == {"time"}
    assert len(found.unrun) == 4
    assert found.verdict.ship is None
    page = (answer.folder / "report.html").read_text(encoding="utf-8")
    assert "Nothing can be said of fine-tuning: no training has finished" in page
    assert "fixed at 30 %, seed 8" in page
    left[0] = 10**9
    assert len(of(hidden.compare_embedders(STORED)).ran) == 4


@pytest.mark.usefixtures("free")
def test_a_cell_that_fails_is_said_and_the_others_go_on(hidden: Engine) -> None:
    """The photos of this shop cannot be read, so what needs them fails."""
    found = of(hidden.compare_embedders(replace(STORED, shares=(100,), seeds=1, methods=("full", "fixed"))))
    assert [cell.words for cell in found.ran] == ["frozen", "fixed at 100 %, seed 7"]
    (failed,) = found.unrun
    assert (failed.cell.method, failed.for_time) == ("full", False)
    assert "photos are not among the decoded ones" in failed.why


@pytest.mark.usefixtures("free")
def test_that_the_base_learnt_from_what_is_measured_is_minded(tmp_path: Path, base: Path) -> None:
    taught = shutil.copytree(base, tmp_path / "taught")
    for products, words in (
        (("p000", "p001", "gone"), r"\S+ learnt from [12] of the \d+ products measured here, and"),
        (("gone",), None),
    ):
        (taught / TRAINED_ON_NAME).write_bytes(TrainedOn(products, None, 0.0).as_bytes())
        with hiding(tmp_path / products[0], taught) as engine:
            answer = engine.compare_embedders(replace(STORED, shares=(100,), seeds=6, methods=("frozen",)))
        caution = of(answer).facts.caution
        assert caution is None if words is None else re.match(words, caution or "")
        page = (answer.folder / "report.html").read_text(encoding="utf-8")
        assert ("learnt from" in page) == (words is not None)


def test_backbones_are_compared_as_they_are(seen: Engine, base: Path, tmp_path: Path) -> None:
    other = tiny_folder(tmp_path / "other", seed=3)
    (other / TRAINED_ON_NAME).write_bytes(TrainedOn(("p000", "p001", "gone"), None, 0.0).as_bytes())
    told: list[Step] = []
    wanted = CompareRequest(backbones=(str(base), str(other), "no-such"), report=tmp_path / "report")
    answer = seen.compare_embedders(wanted, told.append)
    found = answer.found
    assert isinstance(found, Backbones)
    assert [one.spec for one in found.found] == [str(base), str(other)]
    assert found.found[0].quality != found.found[1].quality
    assert all(one.cost is not None and one.cost.inference is not None for one in found.found)
    assert any(one.front for one in found.found)
    assert [one.cell.method for one in found.unrun] == ["no-such"]
    assert "no embedder 'no-such'" in found.unrun[0].why
    assert [test.entry.method for test in found.tests] == [str(other)]
    assert told
    page = (answer.folder / "report.html").read_text(encoding="utf-8")
    assert "Quality against cost" in page
    cautions = [one.caution or "" for one in found.found]
    assert cautions[0].startswith(f"it is not known whether {base} learnt from the 48 products")
    assert cautions[1].startswith(f"{other} learnt from 2 of the 48 products measured here")
    assert f"{other} learnt from 2 of the 48 products" in page
    assert "no-such" in page
    again = seen.compare_embedders(wanted).found
    assert isinstance(again, Backbones)
    assert (again.ran, again.found) == ((), found.found)


def test_what_cannot_be_is_refused_before_anything_runs(seen: Engine, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no method magic"):
        CompareRequest(methods=("magic",))
    with pytest.raises(UsageError, match="--methods, --side would do nothing"):
        CompareRequest(backbones=("bundled",), methods=("full",), side=64)
    with pytest.raises(UsageError, match="more than 0 minutes"):
        CompareRequest(minutes=0)
    with pytest.raises(UsageError, match="32 to 1024 pixels"):
        CompareRequest(side=7)
    with pytest.raises(UsageError, match="no product has a value in column 'sleeve'"):
        seen.compare_embedders(CompareRequest(labels=("sleeve",)))
    with Engine.create(tmp_path / "bare") as bare, pytest.raises(EmptyShop, match="nothing is indexed yet"):
        bare.compare_embedders(CompareRequest())

"""`vitrine index` with another embedder: beside first, then --switch, then --back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedder.kit import tiny_folder
from tests.service.cli.conftest import Vitrine
from tests.service.two import BUNDLED, TINTED, both

OLD, NEW = BUNDLED.space, TINTED.space


@pytest.fixture
def two_embedders(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("service.switch_report.MOVED", 1)
    with both():
        yield


@pytest.mark.usefixtures("two_embedders")
class TestSwitching:
    def test_the_whole_way(self, vitrine: Vitrine, catalogue: Path, shop: Path) -> None:
        filled = vitrine("index", catalogue, "--shop", shop, "--embedder", "tinted")
        assert filled.code == 0, filled.err
        for part in (
            "24 rows = 24 used + 0 rejected",
            f"photos: 48 encoded, 0 known already; space {NEW}",
            "tinted against bundled: ",
            "overlap@10",
            "category mAP@R",
            f"reports/switch-{OLD}-{NEW}/report.html",
            f"{OLD} goes on answering; to switch: vitrine index --shop {shop} --embedder tinted --switch",
        ):
            assert part in filled.out
        words = ("similar", "--shop", shop, "--product", "disc-red", "-k", 3, "--json")
        assert vitrine(*words).json["space"] == OLD
        switched = vitrine("index", "--shop", shop, "--switch")
        assert switched.code == 0, switched.err
        assert f"searched with tinted now: space {NEW}" in switched.out
        assert f"vitrine index --shop {shop} --back" in switched.out
        assert vitrine(*words).json["space"] == NEW
        told = vitrine("info", "--shop", shop)
        assert {"Spaces", OLD, NEW, "now", "before"} <= {word for word in told.out.split() if word}
        back = vitrine("index", "--shop", shop, "--back", "--json")
        assert back.json["to"] == {"space": OLD, "embedder": "bundled"}
        assert vitrine(*words).json["space"] == OLD
        dropped = vitrine("index", "--shop", shop, "--drop-space", NEW)
        assert dropped.out.strip() == f"{NEW} is gone: 48 vectors, 1 generations"

    def test_for_machines(self, vitrine: Vitrine, shop: Path) -> None:
        filled = vitrine("index", "--shop", shop, "--embedder", "tinted", "--json").json
        assert (filled["rows"], filled["encoded"], filled["space"], filled["in_use"]) == (0, 48, NEW, False)
        assert set(filled["switch"]) >= {"from", "to", "switched", "how", "overlap@10", "labels", "moved"}
        switched = vitrine("index", "--shop", shop, "--embedder", "tinted", "--switch", "--json").json
        assert (switched["encoded"], switched["in_use"], switched["switch"]["switched"]) == (0, True, True)
        plain = vitrine("index", "--shop", shop, "--json").json
        assert (plain["space"], plain["in_use"], plain["switch"]) == (NEW, True, None)
        dropped = vitrine("index", "--shop", shop, "--drop-space", OLD, "--json").json
        assert dropped == {"dropped": OLD, "vectors": 48, "generations": [1]}

    def test_at_once(self, vitrine: Vitrine, shop: Path) -> None:
        done = vitrine("index", "--shop", shop, "--embedder", "tinted", "--switch", "--label", "colour")
        assert "colour recall@1" in done.out
        assert done.out.strip().endswith(f"switched to {NEW}; {OLD} is kept for --back")

    def test_a_doubtful_embedder_is_warned_of_once(self, vitrine: Vitrine, shop: Path) -> None:
        folder = shop / "models" / "tinted"
        folder.mkdir(parents=True)
        verdict = '{"verdict": {"better": false, "text": "-0.01 [-0.03, 0.01]"}}'
        (folder / "finetuning.json").write_text(verdict, encoding="utf-8")
        done = vitrine("index", "--shop", shop, "--embedder", "tinted")
        assert done.code == 0
        assert done.err.count("warning: tinted was not significantly better") == 1
        assert "-0.01 [-0.03, 0.01]" in done.err

    @pytest.mark.parametrize(
        ("words", "code", "part"),
        [
            ("--back", 2, "nothing to go back to"),
            ("--switch", 2, "fill one first"),
            ("--back --switch", 2, "stands alone"),
            ("--back --embedder tinted", 2, "stands alone"),
            ("--back --drop-space x", 2, "stands alone"),
            (f"--drop-space {OLD}", 2, "is the one that is searched"),
            ("--drop-space nobody", 1, "nobody"),
            ("--back --rebuild --label colour", 2, "so --label, --rebuild cannot go with it"),
            ("--back --label category", 2, "so --label cannot go with it"),
            ("--back nowhere.csv", 2, "so the catalogue cannot go with it"),
            ("--switch --prune", 2, "--switch without --embedder stands alone, so --prune cannot go"),
            ("--switch --profile time.html --recall 0.9", 2, "so --recall, --profile cannot go with it"),
            ("--drop-space nobody --runtime torch", 2, "so --runtime cannot go with it"),
            ("--prune", 2, "name one"),
            ("--embedder nothing", 2, "there is no embedder nothing"),
        ],
    )
    def test_what_cannot_be(self, vitrine: Vitrine, shop: Path, words: str, code: int, part: str) -> None:
        done = vitrine("index", "--shop", shop, *words.split())
        assert (done.code, done.out) == (code, "")
        assert done.err.startswith("error: ")
        assert part in done.err

    def test_a_catalogue_with_a_switch_needs_to_know_to_what(
        self, vitrine: Vitrine, shop: Path, catalogue: Path
    ) -> None:
        done = vitrine("index", catalogue, "--shop", shop, "--switch")
        assert (done.code, "--embedder" in done.err) == (2, True)

    def test_without_a_catalogue_the_shop_must_be_there(self, vitrine: Vitrine, tmp_path: Path) -> None:
        done = vitrine("index", "--shop", tmp_path / "none")
        assert (done.code, "no shop in" in done.err) == (1, True)
        assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_two_real_networks(vitrine: Vitrine, catalogue: Path, tmp_path: Path) -> None:
    one, other = (tiny_folder(tmp_path / name, seed) for name, seed in (("one", 1), ("other", 2)))
    shop, runtime = tmp_path / "shop", ("--runtime", "torch")
    first = vitrine("index", catalogue, "--shop", shop, "--embedder", one, *runtime, "--json")
    assert first.code == 0, first.err
    filled = vitrine("index", "--shop", shop, "--embedder", other, *runtime, "--json").json
    assert (filled["encoded"], filled["in_use"]) == (48, False)
    assert filled["space"] != first.json["space"]
    assert 0 < filled["switch"]["overlap@10"]["mean"] < 1
    words = ("similar", "--shop", shop, "--photo", catalogue.parent / "bar-green.jpg", "-k", 1, "--json")
    for step in ((), ("--switch",), ("--back",)):
        if step:
            assert vitrine("index", "--shop", shop, *step, *runtime).code == 0
        found = vitrine(*words).json
        assert found["hits"][0]["product_id"] == "bar-green"
        assert found["hits"][0]["score"] > 0.98
        assert found["space"] == (filled["space"] if step == ("--switch",) else first.json["space"])

"""`interactions`, `train`, `evaluate`, `recommend`, `info`: the customer's journey from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.shop import Shop
from tests.service.cli.conftest import Vitrine

MAPPED = ("--column", "customer_id=user")


def test_interactions_are_counted_once(vitrine: Vitrine, indexed: Path, events: Path) -> None:
    told = vitrine("interactions", events, "--shop", indexed, *MAPPED, "--json").json
    assert (told["rows"], told["used"], told["rejected"]) == (320, 320, 0)
    assert (told["stored"], told["repeated"]) == (0, 320)
    counts = vitrine("info", "--shop", indexed, "--json").json["counts"]
    assert counts["interactions"] == 320
    assert counts["customers"] == 40


def test_a_line_for_people(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    lines = ["customer_id,product_id,event,timestamp", "c,disc-red,like,2026-03-01T00:00:00Z"]
    lines += ["c,disc-blue,view,2026-03-01T00:00:00Z"] * 2 + ["c,ghost,view,2026-03-01T00:00:00Z"]
    more.write_text("\n".join(lines), encoding="utf-8")
    done = vitrine("interactions", more, "--shop", shop, "--weight", "like=2", "--max-reject-share", "0.3")
    assert done.code == 0, done.err
    assert "unknown_product" in done.out
    assert "4 rows = 2 stored + 1 known already + 1 rejected" in done.out
    _, _, export = done.out.strip().partition("(export them: vitrine ")
    assert (
        vitrine(*export.removesuffix(")").replace("rejects.csv", str(tmp_path / "out.csv")).split()).code == 0
    )
    with_weights = Shop.open(shop)
    assert with_weights.event_weights["like"] == 2.0
    with_weights.close()


def test_an_event_id_of_another_event_is_rejected(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    rows = [
        "event_id,customer_id,product_id,event,timestamp",
        "x1,c,disc-red,like,2026-03-01",
        "x1,c,disc-red,like,2026-03-01",
        "x1,c,disc-blue,like,2026-03-01",
        "x2,c,disc-red,view,2026-03-01",
    ]
    for line, sums in (
        ("x3,c,disc-red,view,2026-03-02", "5 rows = 3 stored + 1 known already + 1 rejected"),
        ("x2,d,disc-red,view,2026-03-01", "5 rows = 0 stored + 3 known already + 2 rejected"),
    ):
        path = tmp_path / "more.csv"
        path.write_text("\n".join([*rows, line]), encoding="utf-8")
        done = vitrine("interactions", path, "--shop", shop, "--max-reject-share", 1)
        assert sums in done.out, done.err
    out = tmp_path / "rejects.csv"
    vitrine("info", "--shop", shop, "--rejects", out)
    told = out.read_text(encoding="utf-8")
    assert "5,x2,event_id_conflict,the event that has this event_id has another customer_id" in told


def test_a_file_that_breaks_off_says_what_was_kept(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    rows = [f"d{n},disc-red,like,2026-03-01" for n in range(25_000)]
    path = tmp_path / "torn.csv"
    text = "\n".join(["customer_id,product_id,event,timestamp", *rows, "größe,disc-red,like,2026-03-01"])
    path.write_bytes(text.encode("latin1"))
    done = vitrine("interactions", path, "--shop", shop)
    assert done.code == 2
    assert "line 25002 of torn.csv is not UTF-8" in done.err
    assert "20000 rows were read before, 20000 of them stored anew and kept" in done.err


def test_weights_are_not_kept_where_the_import_does_not_begin(
    vitrine: Vitrine, shop: Path, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("customer_id,product_id\nc,disc-red\n", encoding="utf-8")
    with Shop.open(shop) as opened:
        before = dict(opened.event_weights)
    assert vitrine("interactions", path, "--shop", shop, "--weight", "cart=9").code == 2
    with Shop.open(shop) as opened:
        assert dict(opened.event_weights) == before
        with opened.writer("somebody"):
            path.write_text("customer_id,product_id,timestamp\nc,disc-red,2026-03-01\n", encoding="utf-8")
            assert vitrine("interactions", path, "--shop", shop, "--weight", "cart=9").code == 1
        assert dict(opened.event_weights) == before


def test_too_many_rejects(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(
        "customer_id,product_id,event,timestamp\nc,ghost,view,2026-01-01\nd,disc-red,view,2026-01-01\n"
    )
    done = vitrine("interactions", bad, "--shop", shop, "--json")
    assert done.code == 2
    assert done.json["rejected"] == 1
    assert done.err.strip().splitlines()[-1].startswith("error: 1 of 2 rows were rejected")
    assert f"`vitrine info --shop {shop} --rejects OUT.csv`" in done.err
    assert vitrine("info", "--shop", shop, "--json").json["counts"]["interactions"] == 321


def test_train_evaluate_recommend(vitrine: Vitrine, shop: Path, tmp_path: Path) -> None:
    trained = vitrine("train", "--shop", shop, "--json")
    assert trained.code == 0, trained.err
    assert trained.json
    assert vitrine("info", "--shop", shop, "--json").json["recommender"]["trained"] is True
    places = ("--report", tmp_path / "report", "--profile", tmp_path / "profile.html")
    evaluated = vitrine("evaluate", "--shop", shop, *places, "--json")
    assert evaluated.code == 0, evaluated.err
    page = (tmp_path / "profile.html").read_text(encoding="utf-8")
    for stage in ("read", "split", "audit", "tune", "fit", "rank", "metrics", "resample and test", "report"):
        assert f">{stage}</text>" in page
    told = evaluated.json
    assert told["split"] == "time"
    assert len(told["models"]) >= 4
    assert all({"recall@10", "ndcg@10"} <= set(model["metrics"]) for model in told["models"])
    assert (tmp_path / "report" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "report" / "report.json").is_file()
    items = vitrine("recommend", "--shop", shop, "--customer", "customer-03", "-k", 6, "--json").json
    assert len({item["product_id"] for item in items["items"]}) == 6
    assert items["fallback"] is None
    assert items["trained"] is True


def test_a_profile_of_an_evaluation_that_cannot_be_written_is_told_before_the_work(
    vitrine: Vitrine, indexed: Path, tmp_path: Path
) -> None:
    done = vitrine("evaluate", "--shop", indexed, "--profile", tmp_path / "none" / "profile.html")
    assert done.code != 0
    assert "create it first" in " ".join(done.err.split())
    two = ("--compare", tmp_path / "a.json", tmp_path / "b.json")
    assert vitrine("evaluate", *two, "--profile", tmp_path / "profile.html").code != 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--compare A B --report R --model looks --split time", "so --split, --model, --report cannot go"),
        ("--compare A B --windows 3", "so --windows cannot go with it"),
        ("--compare A B --seeds 3 --search 2 --repeat", "so --search, --seeds, --repeat cannot go with it"),
        ("--compare A B --log F", "so --log cannot go with it"),
        ("--compare A B --ablate-photos --clip 2", "so --ablate-photos, --clip cannot go with it"),
        ("--log F --report R --ablate-photos", "so --ablate-photos, --report cannot go with it"),
        ("--log F --split rolling --windows 3 --seeds 3", "so --split, --seeds, --windows cannot go with it"),
        ("--log F --profile time.html", "so --profile cannot go with it"),
        ("--log F --search 3 --repeat", "so --search, --repeat cannot go with it"),
        ("--windows 3", "--windows is of the split rolling, and --split is time: give --split rolling"),
        ("--split last --windows 2", "--split is last"),
        ("--clip 3", "give it with --log FILE"),
    ],
)
def test_what_would_do_nothing_is_refused(words: str, said: str, vitrine: Vitrine, indexed: Path) -> None:
    done = vitrine("evaluate", "--shop", indexed, *words.split())
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_recommend_says_why(vitrine: Vitrine, indexed: Path) -> None:
    done = vitrine("recommend", "--shop", indexed, "--customer", "customer-03", "-k", 3, "--why")
    assert done.code == 0, done.err
    assert "%" in done.out
    assert "vitrine train" in done.err, "an untrained shop says so"


def test_recommend_to_a_stranger_says_it_is_not_personal(vitrine: Vitrine, indexed: Path) -> None:
    words = ("recommend", "--shop", indexed, "--customer", "stranger", "-k", 3)
    assert vitrine(*words).out.startswith("not personal: ")
    told = vitrine(*words, "--json").json
    assert told["fallback"]
    assert len(told["items"]) == 3


def test_recommend_obeys_filters_and_caps(vitrine: Vitrine, indexed: Path) -> None:
    words = ("recommend", "--shop", indexed, "--customer", "customer-03", "-k", 4, "--json")
    pinks = vitrine(*words, "--where", 'colour = "pink"').json["items"]
    assert {item["product_id"].split("-")[1] for item in pinks} <= {"pink"}
    capped = vitrine(*words, "--category-cap", 1).json["items"]
    assert len({item["category"] for item in capped}) == len(capped)


def test_evaluate_without_interactions(vitrine: Vitrine, tmp_path: Path) -> None:
    Shop.create(tmp_path / "bare").close()
    for words in (("train",), ("evaluate",)):
        done = vitrine(*words, "--shop", tmp_path / "bare")
        assert done.code == 1
        assert done.err.strip().splitlines()[-1].startswith("error: ")
        assert "bug" not in done.err


def test_info_for_people(vitrine: Vitrine, indexed: Path) -> None:
    done = vitrine("info", "--shop", indexed)
    assert done.code == 0
    for part in ("interactions", "320", "generation", "shape 0.60", "python", "missing: the recommender"):
        assert part in done.out


def test_embedders(vitrine: Vitrine, indexed: Path) -> None:
    found = vitrine("embedders", "--shop", indexed, "--json").json["embedders"]
    bundled = next(info for info in found if info["spec"] == "bundled")
    assert bundled["in_use"] is True
    assert "bundled" in vitrine("embedders").out


def test_rolling_windows_are_pooled(vitrine: Vitrine, indexed: Path, tmp_path: Path) -> None:
    words = ("evaluate", "--shop", indexed, "--split", "rolling", "--windows", 2, "--model", "popularity")
    words = (*words, "--model", "looks", "--repeat", "--report")
    told = vitrine(*words, tmp_path / "report", "--json").json
    assert told["pooled"]["windows"] == len(told["windows"]) == 2
    assert told["pooled"]["customers"] <= told["pooled"]["answers"]
    assert {test["metric"] for test in told["pooled"]["tests"]} == {"ndcg@10", "recall@12", "map@12"}
    assert (tmp_path / "report" / "report.html").is_file()
    assert (tmp_path / "report" / "window-2" / "report.html").is_file()
    done = vitrine(*words, tmp_path / "again")
    assert "2 windows pooled, " in done.out
    assert "each customer counts once" in done.out
    both = (tmp_path / "report" / "report.json", tmp_path / "again")
    assert len(vitrine("evaluate", "--compare", *both, "--json").json["windows"]) == 2
    assert "2 windows are pooled, " in vitrine("evaluate", "--compare", *both).out
    refused = vitrine("evaluate", "--compare", both[0], both[1] / "window-1")
    assert refused.code == 2
    assert "compare two of a kind" in refused.err

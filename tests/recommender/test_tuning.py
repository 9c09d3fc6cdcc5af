from __future__ import annotations

from recommender.evaluation.splits import split
from recommender.settings import SOURCES, Settings
from recommender.tuning import FEWEST, tune
from tests.recommender.makers import shop_like


def test_settings_are_chosen_by_validation_and_every_try_is_kept() -> None:
    fold = split(shop_like(), "time")
    tuned = tune(fold.lessons)
    assert tuned.customers >= FEWEST
    assert set(tuned.tried) == {"popularity", "looks", "knn", "trend", "attributes"}
    looks = {one["settings"]: one["ndcg@50"] for one in tuned.tried["looks"]}
    assert looks[repr(tuned.settings.looks)] == max(looks.values())
    assert set(tuned.validation) == {*SOURCES, "vitrine"}


def test_the_blend_is_no_worse_on_validation_than_its_best_source() -> None:
    tuned = tune(split(shop_like(), "time").lessons)
    assert tuned.validation["vitrine"] >= max(tuned.validation[name] for name in SOURCES) - 1e-9


def test_where_groups_decide_looks_and_company_outweigh_popularity() -> None:
    weights = tune(split(shop_like(), "time").lessons).settings.weights.warm
    assert weights["looks"] + weights["together"] > weights["popular"] + weights["rising"]


def test_tuning_twice_gives_the_same() -> None:
    lessons = split(shop_like(customers=60), "time").lessons
    assert tune(lessons).as_json() == tune(lessons).as_json()


def test_too_few_customers_leave_the_defaults_and_say_so() -> None:
    tuned = tune(split(shop_like(customers=8), "time").lessons[:1])
    assert tuned.settings == Settings()
    assert "default settings" in tuned.note


def test_settings_survive_json() -> None:
    settings = tune(split(shop_like(customers=60), "time").lessons).settings
    assert Settings.from_json(settings.as_json()) == settings

"""What an engine logs of its answers, and the file for off-policy evaluation that it makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.errors import UsageError
from data.records import Interaction
from data.shown import Shown
from recommender.evaluation.offpolicy import NO_CHANCE, off_policy
from recommender.evaluation.policylog import read_log
from service.engine import Engine
from service.requests import RecommendRequest
from service.shown import ShownRequest
from service.shown_log import LogSettings
from tests.service.fakes import FakeEmbedder
from tests.service.training import install

ASKED = RecommendRequest(customer_id="customer-03", k=4)
Opened = Callable[..., Engine]


@pytest.fixture
def logging(shop: Path, fake_embedder: FakeEmbedder) -> Iterator[Opened]:
    """Opens engines that log."""
    made: list[Engine] = []

    def opened(**settings: float) -> Engine:
        made.append(Engine.open(shop, log=LogSettings(**settings)))  # type: ignore[arg-type]
        return made[-1]

    yield opened
    for engine in made:
        engine.close()


def rows(engine: Engine, request_id: str) -> list[Shown]:
    assert engine.parts.log is not None
    assert engine.parts.log.flush()
    return engine.shop.recommendation_log.answer(request_id)


def test_an_answer_is_logged_as_it_was_given(logging: Opened) -> None:
    engine = logging()
    answer = engine.recommend(ASKED, "recommendations")
    logged = rows(engine, answer.request_id)
    assert [row.product_id for row in logged] == [item["product_id"] for item in answer.items]
    assert [row.score for row in logged] == [item["score"] for item in answer.items]
    assert [row.position for row in logged] == [1, 2, 3, 4]
    assert {row.propensity for row in logged} == {1.0}
    assert {(row.customer_id, row.surface, row.policy, row.fallback) for row in logged} == {
        ("customer-03", "recommendations", "untrained", None)
    }
    assert abs(datetime.now(UTC) - logged[0].timestamp) < timedelta(minutes=5)
    assert engine.warnings() == ()


def test_the_policy_is_the_recommender_that_answered(
    logging: Opened, shop: Path, trainings: tuple[Path, Path]
) -> None:
    engine = logging()
    policies = set()
    for training in (None, *trainings):
        if training is not None:
            install(training, shop)
            engine.parts.recommenders.look_again()
        answer = engine.recommend(ASKED, "recommendations")
        (policy,) = {row.policy for row in rows(engine, answer.request_id)}
        assert policy == engine.parts.serving().policy
        policies.add(policy)
    assert len(policies) == 3
    assert "untrained" in policies


def test_fallbacks_and_sessions_are_told_apart(logging: Opened) -> None:
    engine = logging()
    stranger = engine.recommend(RecommendRequest(customer_id="stranger", k=2), "recommendations")
    assert {row.fallback for row in rows(engine, stranger.request_id)} == {stranger.fallback}
    session = engine.recommend(RecommendRequest(history=(), k=2), "session")
    assert {(row.customer_id, row.surface) for row in rows(engine, session.request_id)} == {(None, "session")}


def test_nothing_is_logged_without_a_surface_or_without_a_log(logging: Opened, engine: Engine) -> None:
    logs = logging(explore=0.5)
    for _ in range(20):
        answer = logs.recommend(ASKED)
        scores = [float(str(item["score"])) for item in answer.items]
        assert scores == sorted(scores, reverse=True), "what is not logged is not shuffled either"
    assert len({answer.request_id, logs.recommend(ASKED).request_id}) == 2
    engine.recommend(ASKED, "recommendations")
    logs.close()
    assert engine.shop.recommendation_log.count() == 0


def test_an_id_that_no_database_holds_loses_no_other_row(logging: Opened) -> None:
    engine = logging()
    odd = engine.recommend(RecommendRequest(customer_id="c\0", k=2), "recommendations")
    fine = engine.recommend(ASKED, "recommendations")
    assert {row.customer_id for row in rows(engine, odd.request_id)} == {None}
    assert len(rows(engine, fine.request_id)) == 4


def test_exploring_shows_other_products_with_the_propensity_they_had(logging: Opened) -> None:
    plain = [item["product_id"] for item in logging().recommend(ASKED).items]
    best = [item["product_id"] for item in logging().recommend(RecommendRequest("customer-03", k=8)).items]
    assert best[:4] == plain
    engine = logging(explore=0.5)
    shuffled = 0
    for _ in range(30):
        answer = engine.recommend(ASKED, "recommendations")
        logged = rows(engine, answer.request_id)
        assert len({row.product_id for row in logged}) == 4
        shuffled += [row.product_id for row in logged] != plain
        for row in logged:
            own = best.index(row.product_id) + 1 == row.position
            assert row.propensity == pytest.approx(0.5 * own + 0.5 / 8)
    assert 0 < shuffled < 30


def test_an_answer_is_not_lost_with_the_log(logging: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("data.store.recommendations.Recommendations.put", full)
    engine = logging()
    assert len(engine.recommend(ASKED, "recommendations").items) == 4
    assert engine.parts.log is not None
    assert engine.parts.log.flush()
    (warning,) = engine.warnings()
    assert "4 rows" in warning
    assert "No space left" in warning


def test_a_forgotten_customer_leaves_no_row_that_was_still_to_be_written(logging: Opened) -> None:
    engine = logging()
    engine.recommend(ASKED, "recommendations")
    assert engine.forget_customer("customer-03") == 8
    engine.recommend(RecommendRequest(customer_id="only shown to", k=2), "recommendations")
    assert engine.forget_customer("only shown to") == 0
    engine.close()
    with Engine.open(engine.directory) as other:
        assert other.shop.recommendation_log.count() == 0


@pytest.mark.parametrize("name", ["log.parquet", "log.csv"])
def test_the_file_is_what_off_policy_evaluation_reads(logging: Opened, tmp_path: Path, name: str) -> None:
    engine = logging(explore=0.5)
    answer = engine.recommend(ASKED, "recommendations")
    engine.recommend(RecommendRequest(history=(), k=3), "session")
    second = str(answer.items[1]["product_id"])
    moment = datetime.now(UTC)
    engine.add_interactions([Interaction("customer-03", second, "click", moment)])
    fine = engine.export_shown(ShownRequest(tmp_path / name, days=1e-9))
    assert fine["left_out"] == {"of anonymous sessions, of which nothing later is known": 3}
    assert (fine["rows"], fine["answers"], fine["customers"]) == (4, 1, 1)
    log = read_log(tmp_path / name)
    assert log.products.tolist() == [item["product_id"] for item in answer.items]
    assert log.positions.tolist() == [1, 2, 3, 4]
    assert log.propensities.tolist() == pytest.approx(
        [row.propensity for row in rows(engine, answer.request_id)]
    )


def test_rewards_and_what_is_still_open(logging: Opened, tmp_path: Path) -> None:
    engine = logging()
    ago = datetime.now(UTC) - timedelta(days=10)
    engine.shop.recommendation_log.put(
        [
            Shown("old", ago, "recommendations", n + 1, p, 1.0, 1.0, "vitrine@1", "customer-03")
            for n, p in enumerate(("disc-red", "bar-red"))
        ]
    )
    engine.recommend(ASKED, "recommendations")
    engine.add_interactions([Interaction("customer-03", "bar-red", "purchase", ago + timedelta(days=1))])
    told = engine.export_shown(ShownRequest(tmp_path / "deep" / "log.parquet"))
    assert (told["rows"], told["rewarded"]) == (2, 1)
    assert told["left_out"] == {"whose window has not ended": 4}
    log = read_log(tmp_path / "deep" / "log.parquet")
    assert log.rewards.tolist() == [0.0, 1.0]
    assert off_policy(log).reason == NO_CHANCE, "a list without chance says nothing of other lists"
    recent = engine.export_shown(ShownRequest(tmp_path / "new.csv", since=ago + timedelta(days=5)))
    assert recent["rows"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"out": Path("log.xlsx")},
        {"days": 0.0},
        {"days": float("nan")},
        {"since": datetime(2024, 1, 1)},
    ],
)
def test_orders_check_themselves(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ShownRequest(**({"out": Path("log.csv")} | wrong))  # type: ignore[arg-type]

"""The writer behind the answers: nothing waits for it, nothing fails with it, what it loses is counted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.errors import ShopBusy, UsageError
from data.shop import Shop
from data.shown import Shown
from data.store.recommendations import Recommendations
from service import shown_log
from service.shown_log import LogSettings, ShownLog


def answer(n: int, age_days: float = 0, places: int = 2) -> list[Shown]:
    moment = datetime.now(UTC) - timedelta(days=age_days)
    return [
        Shown(f"r{n}", moment, "session", at + 1, f"p{at}", 0.5, 1.0, "untrained") for at in range(places)
    ]


class Held(Recommendations):
    """A store that writes only when it is let, and fails when it is told to."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop._database)
        self.batches: list[int] = []
        self.begun, self.let = threading.Event(), threading.Event()
        self.fault: Exception | None = None

    def put(self, rows: Sequence[Shown]) -> None:
        self.begun.set()
        assert self.let.wait(30)
        if self.fault is not None:
            raise self.fault
        super().put(rows)
        self.batches.append(len(rows))


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    monkeypatch.setattr(shown_log, "LINGER_SECONDS", 0)
    with Shop.create(tmp_path) as shop:
        yield Held(shop)


def test_an_answer_does_not_wait_while_the_database_is_slow(held: Held) -> None:
    log = ShownLog(held, LogSettings())
    log.put(answer(0))
    assert held.begun.wait(30)
    for n in range(1, 100):
        log.put(answer(n))  # returns at once: the writer is still held
    assert held.count() == 0
    assert log.flush(0) is False
    held.let.set()
    assert log.flush()
    assert (held.count(), log.written, log.lost, log.warning) == (200, 200, 0, None)
    assert held.batches == [2, 198], "what waited went into one transaction"
    log.close()


def test_closing_writes_what_waits_and_ends_the_thread(held: Held) -> None:
    log = ShownLog(held, LogSettings())
    held.let.set()
    log.put(answer(0))
    log.put(answer(1))
    log.close()
    assert held.count() == 4
    assert not [one for one in threading.enumerate() if one.name == "recommendation-log"]
    log.put(answer(2))
    assert (log.lost, log.warning) == (2, "2 rows of the log of recommendations were lost: the log is closed")


def test_closing_a_log_that_was_never_used(held: Held) -> None:
    log = ShownLog(held, LogSettings())
    assert log.flush(0)
    log.close()


def test_a_full_queue_loses_rows_and_says_so(held: Held) -> None:
    log = ShownLog(held, LogSettings(queue=4))
    log.put(answer(0))
    assert held.begun.wait(30)
    for n in (1, 2, 3):
        log.put(answer(n))
    held.let.set()
    log.close()
    assert (held.count(), log.written, log.lost) == (6, 6, 2)
    assert "does not keep up" in str(log.warning)


def test_a_failure_is_counted_and_logged_and_the_next_rows_are_written(
    held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    log = ShownLog(held, LogSettings())
    held.let.set()
    for fault in (ShopBusy("locked for 30 s"), RuntimeError("never thought of")):
        held.fault = fault
        with caplog.at_level(logging.WARNING):
            log.put(answer(0))
            assert log.flush()
        assert str(fault) in caplog.text
    held.fault = None
    log.put(answer(1))
    log.close()
    assert (held.count(), log.written, log.lost) == (2, 2, 4)
    assert log.warning == "4 rows of the log of recommendations were lost: never thought of"


def test_old_rows_are_deleted_once_an_hour(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    held.let.set()
    held.put([*answer(0, age_days=11), *answer(1, age_days=9)])
    log = ShownLog(held, LogSettings(retention_days=10))
    log.put(answer(2))
    assert log.flush()
    assert set(held.frame()["request_id"]) == {"r1", "r2"}
    held.put(answer(3, age_days=11))
    log.put(answer(4))
    assert log.flush()
    assert "r3" in set(held.frame()["request_id"])
    monkeypatch.setattr(shown_log, "PRUNED_EVERY", timedelta(0))
    log.put(answer(5))
    log.close()
    assert set(held.frame()["request_id"]) == {"r1", "r2", "r4", "r5"}


def test_without_a_retention_everything_stays(held: Held) -> None:
    held.let.set()
    log = ShownLog(held, LogSettings())
    log.put(answer(0, age_days=5000))
    log.close()
    assert held.count() == 2


def test_many_threads_lose_nothing(held: Held) -> None:
    held.let.set()
    log = ShownLog(held, LogSettings())

    def ask(start: int) -> None:
        for n in range(start, start + 50):
            log.put(answer(n))

    threads = [threading.Thread(target=ask, args=(50 * at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert (held.count(), log.written, log.lost) == (400, 400, 0)


@pytest.mark.parametrize("wrong", [{"explore": 0.6}, {"explore": -1}, {"retention_days": 0}, {"queue": 0}])
def test_settings_check_themselves(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        LogSettings(**wrong)  # type: ignore[arg-type]

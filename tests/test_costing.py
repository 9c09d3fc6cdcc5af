"""The counting itself: what is planted is found."""

from __future__ import annotations

import threading

import numpy as np
from sqlalchemy import create_engine, text

from tests.costing import Cost, cost_of


def twice(times: int) -> None:
    for _ in range(times):
        nothing()


def nothing() -> None:
    pass


def test_every_call_of_a_python_function_counts_on_every_thread() -> None:
    alone, more = cost_of(lambda: twice(10)), cost_of(lambda: twice(25))
    assert more.calls - alone.calls == 15

    def elsewhere() -> None:
        thread = threading.Thread(target=twice, args=(100,))
        thread.start()
        thread.join()

    assert cost_of(elsewhere).calls > 100


def test_the_largest_array_that_is_held_counts_even_if_it_is_dropped() -> None:
    assert 1024 <= cost_of(lambda: np.ones((1024, 1024), np.uint8)).kilobytes < 1100
    assert cost_of(nothing).kilobytes < 4


def test_statements_of_any_database_count() -> None:
    database = create_engine("sqlite://")

    def ask() -> None:
        with database.connect() as connection:
            for _ in range(3):
                connection.execute(text("select 1"))

    assert cost_of(ask).statements == 3


def test_a_budget_is_kept_where_nothing_is_above_it() -> None:
    budget = Cost(100, 50, 3)
    assert Cost(100, 50, 3).within(budget)
    for above in (Cost(101, 50, 3), Cost(100, 51, 3), Cost(100, 50, 4)):
        assert not above.within(budget)
    assert Cost(50, 0, 0).fills(budget)
    assert not Cost(49, 50, 3).fills(budget)

from __future__ import annotations

from datetime import datetime

import pytest

from data.errors import UsageError
from tests.data.store.test_recommendations import row


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"position": 0}, "from 1"),
        ({"propensity": 0.0}, "propensity"),
        ({"propensity": 1.1}, "propensity"),
        ({"propensity": float("nan")}, "propensity"),
        ({"score": float("inf")}, "finite"),
        ({"timestamp": datetime(2024, 5, 1)}, "time zone"),
    ],
)
def test_a_row_that_cannot_be_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        row(**wrong)

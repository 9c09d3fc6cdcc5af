"""What holds for the whole suite."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

# Several processes run the suite: more threads than one for each would mostly wait for one another.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

LONGEST = (
    "tests/test_readme.py",
    "tests/recommender/test_real.py",
    "tests/embedder/finetuning/test_run.py",
    "tests/service/test_comparing.py",
    "tests/service/page/test_access.py",
    "tests/recommender/test_recommender.py",
    "tests/recommender/evaluation/test_evaluate.py",
)
"""Files that take a minute or more, longest first: begun last, they would keep one core while others wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the rest in their order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))

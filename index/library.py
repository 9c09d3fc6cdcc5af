"""FAISS, imported when it is first needed: loading it takes longer than most searches."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any


@cache
def load_faiss() -> Any:
    """The module ``faiss`` (its own type hints cover only part of what it offers, hence Any)."""
    return importlib.import_module("faiss")


class one_thread:  # noqa: N801  # a context manager, and one that generators are too slow for
    """Let FAISS use one OpenMP thread for what this thread asks of it meanwhile."""

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        faiss = load_faiss()
        self._before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        load_faiss().omp_set_num_threads(self._before)

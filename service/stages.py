"""How long the parts of an answer take, told to whoever listens; nobody does unless a service measures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, float], None]

_listeners: list[Listener] = []


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time a block and tell its name and seconds, also where it fails. Costs nothing while nobody listens."""
    if not _listeners:
        yield
        return
    began = time.perf_counter()
    try:
        yield
    finally:
        spent = time.perf_counter() - began
        for listener in _listeners:
            listener(name, spent)


def listen(listener: Listener) -> None:
    """Be told of every stage of this process from now on, from any thread; once, however often asked."""
    if listener not in _listeners:
        _listeners.append(listener)

"""How many uploads may wait for the embedder at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from service.http.errors import Overloaded

# Routes run on 40 threads; the uploads among them must leave most to searches by id, which never wait.
PLACES = 12


class Gate:
    """Lets a bounded number of uploads in; the engine encodes them one at a time.

    A photo takes milliseconds to encode, so whoever finds no place does better to come again than to queue.
    """

    def __init__(self, places: int = PLACES) -> None:
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """A place for one upload. Raises Overloaded if all are taken."""
        if not self._places.acquire(blocking=False):
            raise Overloaded("too many photos are waiting to be searched; try again in a second")
        try:
            yield
        finally:
            self._places.release()


def gate_of(request: Request) -> Gate:
    """The gate of the app that answers this request."""
    gate: Gate = request.app.state.gate
    return gate


TheGate = Annotated[Gate, Depends(gate_of)]

"""Routes that change threads once: to the function that answers, and back."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from starlette.concurrency import run_in_threadpool

from service.http.declared import Declared


class OneHop(Declared):
    """A route whose plain function is run on another thread, and whose answer is checked against its model
    and written as JSON back in the event loop.

    FastAPI hands a plain function's answer to a second thread for that. Changing threads costs more than the
    work does, most of all on a busy machine, where each change waits for its turn.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, in_one_hop(endpoint), **options)


def in_one_hop(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """An endpoint that runs a plain function on a worker thread; a coroutine function as it is."""
    if inspect.iscoroutinefunction(endpoint):
        return endpoint

    @wraps(endpoint)
    async def hopping(*given: Any, **named: Any) -> Any:
        return await run_in_threadpool(endpoint, *given, **named)

    return hopping

"""One thread for numpy's products where there are other threads to keep the cores busy.

An answer is made of many small products of matrices. On two threads each of them waits for the slower one,
and the library's own threads keep looking for more to do for a hundredth of a second after each: on a machine
that answers others at the same time that costs more than the second thread brings (measured: a recommendation
in 67 ms instead of 25 with both cores busy; a third of an upload's processor time). Several questions, or
several batches of photos, use several cores all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class BlasInOneThread:
    """Limits BLAS to one thread as long as anybody is inside, in the whole process. Safe to enter from
    several threads at once: the first one in sets the limit, the last one out lifts it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._libraries: Any = None
        self._limit: Any = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """While the block runs."""
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                libraries = self._found()
                _take_over()
                self._limit = libraries.limit(limits=1, user_api="blas")
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    _take_over()
                    self._limit.restore_original_limits()
                    _take_over()

    def _found(self) -> Any:
        """The libraries that are loaded, looked up once: that takes milliseconds."""
        if self._libraries is None:
            from threadpoolctl import ThreadpoolController

            self._libraries = ThreadpoolController()
        return self._libraries


def _take_over() -> None:
    """Let this thread set limits. threadpoolctl ignores in silence what any but the first thread that ever
    set one asks of OpenBLAS, which in a service is nearly every thread; here a lock is held, so that no two
    fight.
    """
    from threadpoolctl import OpenBLASController

    let_go = getattr(OpenBLASController, "clear_controlling_thread", None)  # older versions do not
    if let_go is not None:
        let_go(force=True)


blas_in_one_thread = BlasInOneThread()

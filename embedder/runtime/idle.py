"""The runtime of an embedder that has no network: colours alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from embedder.runtime.seam import Floats, Photos, Token


class IdleRuntime:
    """Gives no outputs for any photo."""

    name = "none"
    device = "no network"
    side_by_side = True

    def __init__(self, batch: int | None = None) -> None:
        self.batch = batch or 8

    @property
    def dims(self) -> tuple[int, ...]:
        """No outputs."""
        return ()

    def encode(self, photos: Photos) -> tuple[Floats, ...]:
        """Nothing."""
        return ()

    def compute(self, photos: Photos, fitting: bool = False) -> tuple[Floats, ...]:
        """Nothing."""
        return ()

    def stream(self, batches: Iterable[tuple[Token, Photos]]) -> Iterator[tuple[Token, tuple[Floats, ...]]]:
        """Every batch at once, with nothing."""
        for token, _ in batches:
            yield token, ()

"""What the pipeline tells while it works, and at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from embedder.stages import StageTime


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run.

    done: photos dealt with (encoded, reused or rejected) and committed. total: photos expected, never below
    ``done``. per_second: photos per second since the start. seconds_left: at that rate.
    """

    done: int
    total: int
    encoded: int
    reused: int
    rejected: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Photos per second since the start."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at the present rate, or None before the first photo."""
        return (self.total - self.done) / self.per_second if self.done else None


@dataclass(frozen=True, slots=True)
class EncodeReport:
    """The end of a run.

    encoded: photos that went through the network. reused: photos whose content the space knew. rejected:
    photos that could not be used. seconds: ``decode`` (reading, decoding and colours, summed over threads),
    ``encode`` (the network had work), ``write`` (commits) and ``wall``; the stages overlap, so they may add
    up to more than ``wall``. stages: the same in detail, with the waits between them.
    """

    encoded: int
    reused: int
    rejected: int
    seconds: Mapping[str, float]
    stages: Sequence[StageTime] = ()

    @property
    def photos(self) -> int:
        """All photos that were dealt with."""
        return self.encoded + self.reused + self.rejected

    def line(self) -> str:
        """One line for people."""
        wall = self.seconds["wall"]
        rate = self.photos / wall if wall > 0 else 0.0
        stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())
        return (
            f"{self.encoded} photos encoded, {self.reused} reused, {self.rejected} rejected "
            f"({rate:.0f} photos/s; {stages})"
        )

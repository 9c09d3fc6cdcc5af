"""What `vitrine evaluate --profile` writes: the stages of one evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from recommender.stopwatch import Lap
from service.profile_page import Profile, Stage, write_profile

REST = "everything else"
SHORT = {"fitting the blend": "blend's weights", "growing the ranker's trees": "ranker's trees"}
"""What tuning tells, where it is too long for a label."""
NOTES = (
    "Seconds are wall time. Fitting and ranking use all cores inside; the stages themselves follow one "
    "another, so that they add up to the wall time and nothing waits for a queue.",
    "The parts of tuning are named by what it told while they ran; they fit and rank once for every setting "
    "that is tried.",
)


def write(path: Path, described: str, laps: Mapping[str, Lap], wall: float) -> None:
    """laps: of all stages, in order. described: what was evaluated. wall: seconds of the command."""
    write_profile(path, Profile(described, "vitrine evaluate", wall, list(_stages(laps, wall)), NOTES))


def _stages(laps: Mapping[str, Lap], wall: float) -> Iterator[Stage]:
    for name, lap in laps.items():
        yield _stage(name, lap, "")
        for part, of in lap.parts.items():
            yield _stage(SHORT.get(part, part), of, name)
    rest = wall - sum(lap.seconds for lap in laps.values())
    yield Stage(REST, max(rest, 0.0))


def _stage(name: str, lap: Lap, inside: str) -> Stage:
    return Stage(name, lap.seconds, count=lap.count or None, unit=lap.unit, inside=inside)

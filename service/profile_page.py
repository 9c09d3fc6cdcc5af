"""Where the time of a command went, as one page that needs no network: a picture and a table of stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from data.errors import UsageError
from service.compare_page import Box, Page, Section, Table, render

WORKING, WAITING, LINE = "#1d4ed8", "#cbd5e1", "#b91c1c"
WIDTH, ROW, LEFT, RIGHT = 640, 26, 150, 110
HEADS = ("stage", "seconds", "share", "threads", "waited for a queue", "done", "each")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a command.

    seconds: of work, summed over its threads. waited: seconds in which those threads waited for another
    stage (a queue that was empty or full), summed as well. threads: how many worked at it side by side.
    count and unit: what it dealt with, where that can be counted. inside: the name of the stage that it is a
    part of; its seconds are then contained in that one's.
    """

    name: str
    seconds: float
    waited: float = 0.0
    threads: int = 1
    count: int | None = None
    unit: str = ""
    inside: str = ""

    def share(self, wall: float) -> float:
        """Of the wall time of all its threads, what they worked: 1 for a thread that never waited."""
        return self.seconds / (self.threads * wall) if wall > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """A command that has ended.

    title: what was done, for the headline. command: what was typed. wall: seconds from start to end.
    stages: in the order of the work; a part follows the stage that it is inside. notes: sentences that a
    reader needs.
    """

    title: str
    command: str
    wall: float
    stages: Sequence[Stage]
    notes: Sequence[str] = ()


def check_target(path: Path) -> None:
    """Before the long work: UsageError where the page could not be written afterwards."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name the file that --profile writes, e.g. {path}/profile.html")
    if not path.absolute().parent.is_dir():
        raise UsageError(
            f"there is no folder {path.absolute().parent} to write the profile into; create it first"
        )


def write_profile(path: Path, profile: Profile) -> None:
    """Write the page; it replaces a file of that name."""
    path.write_text(page(profile), encoding="utf-8")


def page(profile: Profile) -> str:
    """The page as HTML with an SVG inside; it refers to nothing outside itself."""
    longest = max(_outer(profile), key=lambda stage: stage.seconds, default=None)
    facts = [("wall time", _seconds(profile.wall))]
    if longest is not None:
        facts.append((f"in {longest.name}, the longest stage", _seconds(longest.seconds)))
    section = Section(
        "Stages",
        "Seconds of work in each stage, summed over its threads, and in grey the seconds that these threads "
        "waited for another stage. Stages that work side by side add up to more than the wall time. A share "
        "is of the wall time of all the stage's threads.",
        legend=[("working", WORKING), ("waiting for a queue", WAITING)],
        charts=[("", drawing(profile))],
        tables=[Table("", HEADS, [_row(stage, profile.wall) for stage in profile.stages])],
    )
    name = f"where the time of {profile.title} went"
    headline = f"{profile.title}: {_seconds(profile.wall)}"
    return render(Page(name, profile.command, headline, "", profile.notes, facts, [section], as_json=False))


def drawing(profile: Profile) -> str:
    """The stages as bars, as SVG; every word is escaped."""
    foot = ROW * len(profile.stages) + 4
    longest = max([stage.seconds + stage.waited for stage in profile.stages] + [profile.wall, 1e-9])
    scale = (WIDTH - LEFT - RIGHT) / longest
    wall = LEFT + profile.wall * scale
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {foot + 20}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="12" fill="#1f2933">'
            f"<title>Seconds of each stage: {escape(profile.title)}</title>",
            f'<line x1="{wall:.1f}" x2="{wall:.1f}" y1="0" y2="{foot}" stroke="{LINE}" '
            f'stroke-dasharray="4 3"/><text x="{wall:.1f}" y="{foot + 14}" text-anchor="middle" '
            f'fill="{LINE}">wall time {_seconds(profile.wall)}</text>',
            *(_bar(stage, at * ROW + 4, scale) for at, stage in enumerate(profile.stages)),
            "</svg>",
        ]
    )


def _bar(stage: Stage, top: int, scale: float) -> str:
    worked, waited = stage.seconds * scale, stage.waited * scale
    pale = "0.55" if stage.inside else "1"
    told = _seconds(stage.seconds) + (f" + {_seconds(stage.waited)}" if stage.waited else "")
    return (
        f'<text x="{LEFT - 10}" y="{top + 14}" text-anchor="end" fill-opacity="{pale}">'
        f"{escape(stage.name)}</text>"
        f'<rect x="{LEFT}" y="{top}" width="{worked:.1f}" height="{ROW - 8}" fill="{WORKING}" '
        f'fill-opacity="{pale}"/>'
        f'<rect x="{LEFT + worked:.1f}" y="{top}" width="{waited:.1f}" height="{ROW - 8}" fill="{WAITING}"/>'
        f'<text x="{LEFT + worked + waited + 6:.1f}" y="{top + 14}" paint-order="stroke" '
        f'stroke="#fff" stroke-width="5">{told}</text>'
    )


def _outer(profile: Profile) -> list[Stage]:
    return [stage for stage in profile.stages if not stage.inside]


def _row(stage: Stage, wall: float) -> list[Box]:
    each = "" if not stage.count else f"{1000 * stage.seconds / stage.count:,.3g} ms"
    count = "" if stage.count is None else f"{stage.count:,} {stage.unit}".strip()
    return [
        Box(stage.name, f"in {stage.inside}" if stage.inside else ""),
        Box(_seconds(stage.seconds)),
        Box(f"{stage.share(wall):.0%}"),
        Box(str(stage.threads)),
        Box(_seconds(stage.waited) if stage.waited else ""),
        Box(count),
        Box(each),
    ]


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s" if value >= 0.1 else f"{1000 * value:.1f} ms"

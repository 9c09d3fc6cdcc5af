"""The shop's evaluation reports: which there are, and their files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.errors import NotFound

# What a report may be made of, with the type it is served as.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}
# A report has its scripts inside itself. It runs apart from the service: it can draw, and reach nothing.
REPORT_POLICY = (
    "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)

KINDS = ("recommendations", "embedders", "maps", "others")
"""What a report is about: how good recommendations or embedders are, a map of the catalogue, or else."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report: its name is its path below the shop's reports folder. kind: see ``KINDS``."""

    name: str
    title: str
    kind: str
    made: datetime


def reports(folder: Path) -> list[Report]:
    """All HTML reports below a folder, newest first."""
    found = []
    for path in folder.glob("**/*.html"):
        name = path.relative_to(folder).as_posix()
        bare = name.removesuffix("/report.html").removesuffix("/evaluate.html").removesuffix("/map.html")
        title = bare.removesuffix(".html").replace("-", " ").replace("/", " · ")
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        found.append(Report(name, title, _kind(name), made))
    return sorted(found, key=lambda report: report.made, reverse=True)


def _kind(name: str) -> str:
    """From how commands name what they write."""
    last = name.rsplit("/", 1)[-1]
    if last == "map.html":
        return "maps"
    if last == "evaluate.html" or any(word in name for word in ("embedder", "compare", "switch")):
        return "embedders"
    return "recommendations" if name.startswith("evaluation") else "others"


def report_file(folder: Path, name: str) -> tuple[Path, str]:
    """The file of a report and its media type. Raises NotFound, also for anything outside the folder."""
    missing = NotFound(f"there is no report {name!r}; /reports lists those there are")
    if "\0" in name:
        raise missing
    path = (folder / name).resolve()
    kind = TYPES.get(path.suffix.lower())
    if kind is None or not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise missing
    return path, kind

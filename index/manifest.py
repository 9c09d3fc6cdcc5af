"""What a generation says about itself, with a checksum of every file and of the manifest itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from data.aspects import AspectLayout
from data.cores import cores
from data.errors import Damaged
from index.checked import Stamps
from index.durable import sha256_of

FORMAT = 1
MANIFEST_FILE = "manifest.json"
EXACT = "exact"
FLAT = "Flat"


def one_name(choice: str) -> str:
    """A choice of index type by the name that generations use: FAISS's word for exact is ``Flat``."""
    return EXACT if choice == FLAT else choice


@dataclass(frozen=True, slots=True)
class Setting:
    """How an approximate index is searched.

    parameter: ``nprobe`` (lists visited), ``efSearch`` (queue of the graph walk), or "" where there is none.
    value: the parameter's value.
    overfetch: rows fetched for each one wanted, which are then ranked by the stored vectors.
    """

    parameter: str
    value: int
    overfetch: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One index type that was built on the data and measured.

    recall: share of the exact ten nearest that it finds, for photos held out of the index; reached: whether
    that is surely what was wanted, by more than one standard error.
    latency_ms: median of one query at a time, with re-ranking. memory_mb: the index alone, in 10^6 bytes.
    reweighed_recall: the lowest recall over re-weighted queries, by a setting of their own; where that is
    None such queries are searched exactly. reweighed_at_setting: their recalls by the ordinary setting.
    """

    factory: str
    recall: float
    latency_ms: float
    memory_mb: float
    build_seconds: float
    reached: bool
    setting: Setting | None = None
    reweighed: Setting | None = None
    reweighed_recall: float | None = None
    reweighed_at_setting: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class FileSum:
    """Size in bytes and hex sha256 of a file."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a generation.

    type: ``exact`` or ``approximate``; chosen: the candidate in use; candidates: all that were tried.
    revision: the shop's revision that the generation holds. d: width of a vector.
    held_out: photos that recall was measured with. created: ISO 8601, UTC.
    """

    number: int
    created: str
    space: str
    layout: Mapping[str, list[object]]
    d: int
    photos: int
    products: int
    revision: int
    type: str
    device: str
    wanted_recall: float
    held_out: int
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    files: Mapping[str, FileSum]
    faiss: str
    format: int = FORMAT

    @property
    def exact(self) -> bool:
        """Whether every row is compared."""
        return self.type == EXACT

    def satisfies(self, choice: str) -> bool:
        """Whether the generation is what ``auto``, ``exact`` or a factory string asks for."""
        return choice == "auto" or one_name(choice) in (self.type, self.chosen.factory)

    def aspect_layout(self) -> AspectLayout:
        """The layout of the vectors."""
        return AspectLayout.from_json(self.layout)

    def with_files(self, directory: Path, names: list[str]) -> Manifest:
        """A copy with the size and sha256 of the named files as they are on the disk."""
        sums = {
            name: FileSum((directory / name).stat().st_size, sha256_of(directory / name)) for name in names
        }
        return replace(self, files=sums)

    def save(self, directory: Path) -> None:
        """Write the manifest with a checksum over its own content."""
        content = asdict(self)
        content["checksum"] = _checksum(content)
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (directory / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Manifest:
        """Read a manifest; Damaged where it is missing, unreadable, altered, or of another format."""
        path = directory / MANIFEST_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            said = content.pop("checksum")
            altered = said != _checksum(content)
            version = content["format"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Damaged(f"{path} cannot be read ({error}); rebuild the index") from error
        if altered:
            raise Damaged(f"{path} was altered: it does not match its own checksum; rebuild the index")
        if version != FORMAT:
            raise Damaged(f"{path} has format {version}, this version reads {FORMAT}; rebuild the index")
        content["files"] = {name: FileSum(**value) for name, value in content["files"].items()}
        content["candidates"] = tuple(_candidate(value) for value in content["candidates"])
        content["chosen"] = _candidate(content["chosen"])
        return cls(**content)

    def check_files(self, directory: Path, brief: bool = False) -> None:
        """Damaged where a file is missing, short, or does not match its sha256. FAISS checks none of it.

        brief: what was found whole within the last day is not read again (see ``index.checked``).
        """
        paths = [directory / name for name in self.files]
        try:
            stamps = Stamps(directory, [MANIFEST_FILE, *self.files])
        except OSError as error:
            raise Damaged(f"{error.filename} cannot be read ({error.strerror}); rebuild the index") from error
        if brief and stamps.are_checked():
            return
        stamps.forget()
        with ThreadPoolExecutor(min(cores(), len(paths)) or 1) as pool:  # hashing leaves other threads alone
            for _ in pool.map(_check, paths, self.files.values()):
                pass
        stamps.keep()


def _check(path: Path, wanted: FileSum) -> None:
    """Damaged where a file is not what was written."""
    try:
        size = path.stat().st_size
        whole = size == wanted.bytes and sha256_of(path) == wanted.sha256
    except OSError as error:
        raise Damaged(f"{path} cannot be read ({error.strerror}); rebuild the index") from error
    if size != wanted.bytes:
        raise Damaged(f"{path} has {size} bytes instead of {wanted.bytes}; rebuild the index")
    if not whole:
        raise Damaged(f"{path} does not match its sha256; rebuild the index")


def _checksum(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _candidate(value: dict[str, Any]) -> Candidate:
    settings = {
        key: Setting(**value[key]) if value[key] is not None else None for key in ("setting", "reweighed")
    }
    return Candidate(**{**value, **settings})

"""What there is and what is missing: counts, space, generation, versions, devices, rejects."""

from __future__ import annotations

import csv
import platform
import subprocess  # nosec B404 # asks the GPU's driver
from collections import Counter
from pathlib import Path
from shutil import which

from data.aspects import AspectLayout
from data.errors import Damaged, VitrineError
from data.shop import Shop
from index.generations import Generations
from service.answers import Json
from service.parts import Parts
from service.plain import plain
from service.spaces import BESIDE
from service.versions import version_of

PACKAGES = ("vitrine", "torch", "timm", "openvino", "faiss-gpu", "faiss-cpu", "numpy", "pandas", "pillow")


def info(parts: Parts) -> Json:
    """Everything that `vitrine info` shows."""
    shop = parts.shop
    counts = plain(shop.counts())
    record = shop.current_space()
    generation = _generation(parts)
    return {
        "shop": str(shop.directory),
        "revision": shop.revision,
        "counts": counts,
        "space": record.space if record is not None else None,
        "embedder": record.embedder if record is not None else None,
        "spaces": spaces(shop),
        "generation": generation,
        "recommender": _recommender(parts),
        "event_weights": dict(shop.event_weights),
        "rejects": dict(Counter(record.reject.reason for record in shop.rejects()).most_common()),
        "missing": missing(parts, counts, generation),
        "machine": machine(),
    }


def spaces(shop: Shop) -> list[Json]:
    """The spaces that a shop holds, by name.

    photos: that have a vector in it; missing: that have one in the space that is searched and none in it;
    vectors: stored, one for each content; bytes: of these; generation: its newest, if it has one.
    """
    current, previous = shop.state[1], shop.previous_space()
    stored, built = shop.counts()["vectors"], Generations(shop.directory / "index")
    found: list[Json] = []
    for name in shop.spaces():
        record, vectors = shop.space(name), int(stored.get(name, 0))
        found.append(
            {
                "space": name,
                "embedder": record.embedder,
                "current": name == current,
                "previous": previous is not None and name == previous.space,
                "photos": shop.photos_in(name),
                "missing": shop.photos_lost(name),
                "vectors": vectors,
                "bytes": vectors * AspectLayout.from_json(record.layout).d * 2,
                "generation": next(iter(built.of_space(name)), None),
            }
        )
    return found


def _generation(parts: Parts) -> Json | None:
    """The generation in use, or None. A damaged one is told as a warning."""
    try:
        index = parts.index()
    except VitrineError as error:
        return {"number": None, "warnings": [error.message]} if error.code == "damaged" else None
    return {
        "number": index.generation,
        "photos": index.size,
        "aspects": {
            n: round(float(s), 4) for n, s in zip(index.layout.names, index.layout.shares, strict=True)
        },
        "warnings": list(index.warnings),
    }


def _recommender(parts: Parts) -> Json:
    manifest = parts.shop.directory / "recommender" / "manifest.json"
    return {"trained": manifest.is_file()}


def missing(parts: Parts, counts: Json, generation: Json | None) -> list[str]:
    """What the shop lacks, each with the command that makes it."""
    at = f"--shop {parts.shop.directory}"
    out = []
    if not counts.get("live"):
        out.append(f"no products yet: vitrine index CATALOGUE {at}")
    elif generation is None or generation.get("number") is None:
        out.append(f"no index yet: vitrine index CATALOGUE {at}")
    if counts.get("pending"):
        out.append(f"{counts['pending']} photos are not encoded yet: vitrine index CATALOGUE {at}")
    beside = parts.shop.meta(BESIDE)
    if beside is not None and (lacking := parts.shop.photos_lost(beside)):
        name = parts.shop.space(beside).embedder
        out.append(f"{lacking} photos are not encoded by {name} yet: vitrine index {at} --embedder {name}")
    if not counts.get("interactions"):
        out.append(f"no interactions yet: vitrine interactions EVENTS {at}")
    elif not _recommender(parts)["trained"]:
        out.append(f"the recommender is not trained yet: vitrine train {at}")
    return out


def machine() -> Json:
    """Versions of what is installed, and the GPU if there is one; imports none of it."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: found for name in PACKAGES if (found := version_of(name)) is not None},
        "gpu": gpu(),
    }


def gpu() -> str | None:
    """Name and memory of the first NVIDIA GPU as its driver tells it, or None."""
    program = which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(  # nosec B603 # no shell; every word but the program's path is a constant
            command, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else None


def ready(parts: Parts) -> bool:
    """Whether searches can be answered now."""
    try:
        parts.index()
    except VitrineError:
        return False
    return True


def obstacles(parts: Parts) -> list[str]:
    """Why searches cannot be answered now, and what to do, the cause first; nothing where they can be."""
    try:
        parts.index()
    except VitrineError as error:
        found = [error.message]
        if not isinstance(error, Damaged):
            found += missing(parts, plain(parts.shop.counts()), None)
        return list(dict.fromkeys(found))
    return []


def export_rejects(parts: Parts, path: Path) -> int:
    """Write the stored rejects as CSV; returns how many."""
    rejects = parts.shop.rejects()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["kind", "source", "scope", "row", "id", "reason", "detail"])
        for record in rejects:
            bad = record.reject
            out.writerow([record.kind, record.source, bad.scope, bad.row, bad.id, bad.reason, bad.detail])
    return len(rejects)

"""What `vitrine index --profile` writes: the stages of one run, those of the pipeline inside the encoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from service.profile_page import Profile, Stage, write_profile

if TYPE_CHECKING:
    from embedder.progress import EncodeReport

ENCODE = "encode"
PARTS = {
    "list": "list what waits",
    "known": "look up contents",
    "read": "read and digest files",
    "decode": "decode and resize",
    "colours": "colours",
    "network": "network",
    "commit": "commit",
}


def write(path: Path, seconds: Mapping[str, float], encoded: EncodeReport | None, wall: float) -> None:
    """seconds: of the command's own stages, in order. encoded: what the pipeline did, if it had to."""
    photos = 0 if encoded is None else encoded.photos
    rate = f", {photos / wall:,.0f} photos/s" if photos and wall else ""
    notes = [
        "The pipeline's stages share the processor's cores: seconds of one stage contain the time in which "
        "its thread was ready but another one had the core, or the interpreter.",
        "decode and resize, colours and network are done by the same threads where a CPU computes.",
    ]
    profile = Profile(
        f"{photos:,} photos indexed{rate}" if photos else "nothing to encode",
        "vitrine index",
        wall,
        list(_stages(seconds, encoded)),
        notes if photos else [],
    )
    write_profile(path, profile)


def _stages(seconds: Mapping[str, float], encoded: EncodeReport | None) -> Sequence[Stage]:
    found = []
    for name, spent in seconds.items():
        found.append(Stage(name, spent))
        if name == ENCODE and encoded is not None:
            found.extend(
                Stage(PARTS[part.name], part.seconds, part.waited, part.threads, part.photos, "photos", name)
                for part in encoded.stages
            )
    return found

"""A trained recommender on disk: arrays and JSON, never a pickle; checked before it is used, replaced as one.

DIR/recommender/manifest.json     what it is and the sha256 of every file; replaced last, by rename
DIR/recommender/DIGEST/           ids.json, popular.npy, rising.npy, trend.npy, tally_*.npy, knn_*.npy
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from data.errors import Damaged, NotTrained
from index.durable import replace_text, sha256_of, sync
from recommender.learned import Learned
from recommender.settings import Settings
from recommender.tallies import Tallies

FOLDER = "recommender"
MANIFEST = "manifest.json"
FORMAT = 2
PER_PRODUCT = ("popular", "rising", "trend", "tally_counts", "tally_earned", "tally_first")
ARRAYS = (*PER_PRODUCT, "knn_starts", "knn_columns", "knn_values")


def save(learned: Learned, directory: Path) -> Path:
    """Put a trained recommender into a shop's directory; readers see the old one or the new one, never a
    part.
    """
    home = directory / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        sums = _write(learned, fresh)
        manifest = {
            "format": FORMAT,
            "space": learned.space,
            "settings": learned.settings.as_json(),
            "about": dict(learned.about),
            "files": sums,
        }
        name = hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()[:16]
        if (home / name).exists() and not _is_whole(home / name, sums):
            shutil.rmtree(home / name)  # damaged: the same training again is what mends it
        if not (home / name).exists():
            os.replace(fresh, home / name)
            sync(home)
        manifest["folder"] = name
        before = _named_folder(home)
        replace_text(home / MANIFEST, json.dumps(manifest, indent=2, sort_keys=True))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _sweep(home, {name, before})
    return home / MANIFEST


def load(directory: Path) -> Learned:
    """Read and check. Raises NotTrained where there is none, Damaged where a checksum or a shape is wrong."""
    home = directory / FOLDER
    manifest = _manifest(home)
    folder = home / str(manifest["folder"])
    for name, wanted in manifest["files"].items():
        path = folder / name
        if not path.is_file() or sha256_of(path) != wanted:
            raise Damaged(
                f"the recommender's file {name} is missing or does not match its checksum; "
                "run `vitrine train` again",
                file=str(path),
            )
    ids = tuple(json.loads((folder / "ids.json").read_text(encoding="utf-8")))
    part = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in ARRAYS}
    n = len(ids)
    parts = (part["knn_values"], part["knn_columns"], part["knn_starts"])
    if any(len(part[name]) != n for name in PER_PRODUCT) or len(parts[2]) != n + 1:
        raise Damaged(
            "the recommender's files do not fit together; run `vitrine train` again", folder=str(folder)
        )
    return Learned(
        settings=Settings.from_json(manifest["settings"]),
        ids=ids,
        popular=part["popular"],
        rising=part["rising"],
        trend=part["trend"],
        tallies=Tallies(
            part["tally_counts"], np.ascontiguousarray(part["tally_earned"].T), part["tally_first"]
        ),
        similarity=sparse.csr_array(parts, shape=(n, n)),
        space=str(manifest["space"]),
        about=manifest["about"],
    )


def _manifest(home: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((home / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotTrained("no recommender has been trained for this shop; run `vitrine train`") from None
    except ValueError:
        raise Damaged("the recommender's manifest cannot be read; run `vitrine train` again") from None
    if manifest.get("format") != FORMAT:
        raise NotTrained(
            "the recommender was trained by another version of Vitrine; run `vitrine train` again"
        )
    return manifest


def _write(learned: Learned, folder: Path) -> dict[str, str]:
    """All files of a recommender, synced; name → sha256."""
    (folder / "ids.json").write_text(json.dumps(list(learned.ids)), encoding="utf-8")
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "popular": learned.popular,
        "rising": learned.rising,
        "trend": learned.trend,
        "tally_counts": learned.tallies.counts,
        "tally_earned": np.ascontiguousarray(learned.tallies.earned.T),
        "tally_first": learned.tallies.first,
        "knn_starts": learned.similarity.indptr.astype(np.int64),
        "knn_columns": learned.similarity.indices.astype(np.int32),
        "knn_values": learned.similarity.data.astype(np.float32),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    for path in folder.iterdir():
        sync(path)
    sync(folder)
    return {path.name: sha256_of(path) for path in sorted(folder.iterdir())}


def _is_whole(folder: Path, sums: dict[str, str]) -> bool:
    return all((folder / name).is_file() and sha256_of(folder / name) == s for name, s in sums.items())


def _named_folder(home: Path) -> str | None:
    """The folder that the manifest names now: a reader may be in the middle of it."""
    try:
        return str(json.loads((home / MANIFEST).read_text(encoding="utf-8"))["folder"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _sweep(home: Path, keep: set[str | None]) -> None:
    for path in home.iterdir():
        if path.is_dir() and path.name not in keep:
            shutil.rmtree(path, ignore_errors=True)

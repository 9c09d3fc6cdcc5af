"""Puts a finished training into a shop, as another process would: its files first, then its manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

MANIFEST = "manifest.json"


def install(training: Path, shop: Path, spoilt: bool = False) -> None:
    """Let the shop have a training's recommender; if ``spoilt``, one whose files fail their checksums."""
    home = shop / "recommender"
    home.mkdir(exist_ok=True)
    for path in sorted(training.rglob("*")):
        into = home / path.relative_to(training)
        if path.is_dir():
            into.mkdir(exist_ok=True)
        elif path.name != MANIFEST:
            into.write_bytes(b"nothing" if spoilt else path.read_bytes())
    replace_manifest(shop, (training / MANIFEST).read_text(encoding="utf-8"))


def replace_manifest(shop: Path, text: str) -> None:
    """Replace the manifest in one step."""
    fresh = shop / "recommender" / f"{MANIFEST}.new"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(fresh.with_name(MANIFEST))


def drop(shop: Path) -> None:
    """Take the trained recommender out."""
    shutil.rmtree(shop / "recommender", ignore_errors=True)

"""A comparison as files: report.html, which opens without a network, and report.json with its figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from service.compare_backbones import backbones_page
from service.compare_methods import methods_page
from service.compare_page import render
from service.plain import plain

if TYPE_CHECKING:
    from embedder.comparing.backbones import Backbones
    from embedder.comparing.comparison import Comparison


def write_report(found: Comparison | Backbones, folder: Path) -> Path:
    """Write report.html and report.json into ``folder`` (made if needed); returns the page's path."""
    from embedder.comparing.comparison import Comparison

    page = methods_page(found) if isinstance(found, Comparison) else backbones_page(found)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(plain(found), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    path = folder / "report.html"
    path.write_text(render(page), encoding="utf-8")
    return path

"""Where the real data lies, and how tests that need it are skipped, visibly, where it is absent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parent.parent.parent / "shared" / "real"
_NAMED = Path(os.environ["VITRINE_REAL"]) if "VITRINE_REAL" in os.environ else _BESIDE
REAL: Path | None = _NAMED if _NAMED.is_dir() else None

_absent = pytest.mark.skipif(
    REAL is None, reason="the real photos and interactions are not beside the project"
)


def needs_real(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test ``real`` and skip it, with the reason, where the real data is absent."""
    return pytest.mark.real(_absent(test))

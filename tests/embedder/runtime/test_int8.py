"""What quantising needs, where it is not installed."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

from data.errors import UsageError
from embedder.runtime.int8 import check_able

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_what_is_absent_is_named_with_the_packages_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with an extra of ours: the package index has another project of that name."""
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "nncf" else real(name))
    [wanted] = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]["int8"]
    with pytest.raises(UsageError, match="nncf not installed") as refused:
        check_able()
    assert str(refused.value).endswith(f"`pip install '{wanted}'`")

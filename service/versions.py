"""The version of an installed package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def version_of(package: str = "vitrine") -> str | None:
    """As it is installed; None where it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None

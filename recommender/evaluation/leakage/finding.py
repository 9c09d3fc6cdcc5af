"""What one check of the audit came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from data.errors import LeakageFound

Status = Literal["passed", "failed", "flagged", "not possible"]


@dataclass(frozen=True, slots=True)
class Finding:
    """name: the check. compared: how many things were looked at. words: what was found, in a sentence.

    status: ``failed`` makes the evaluation void; ``flagged`` is a warning that a reader must weigh;
    ``not possible`` says that the data cannot answer, and why. examples: some of what was found.
    """

    name: str
    status: Status
    compared: int
    words: str
    examples: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "check": self.name,
            "status": self.status,
            "compared": self.compared,
            "words": self.words,
            "examples": list(self.examples),
        }


def judged(name: str, compared: int, found: int, words: str, fine: str) -> Finding:
    """Failed with ``words`` where anything was found, else passed with ``fine``."""
    return Finding(name, "failed", compared, words) if found else Finding(name, "passed", compared, fine)


def void(findings: Iterable[Finding]) -> None:
    """Raises LeakageFound for the first check that failed."""
    for finding in findings:
        if finding.status == "failed":
            raise LeakageFound(
                f"leakage: {finding.words}; the evaluation is void (check: {finding.name})",
                check=finding.name,
            )

"""How large the parts of a split are."""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shares:
    """test: share that is tested. validation: share of the rest that chooses the best epoch."""

    test: float = 0.2
    validation: float = 0.15

    def __post_init__(self) -> None:
        if not (0.0 < self.test < 1.0 and 0.0 < self.validation < 1.0):
            raise UsageError(
                "the shares of test and validation lie between 0 and 1, not at "
                f"{self.test:g} and {self.validation:g}"
            )


DEFAULT_SHARES = Shares()

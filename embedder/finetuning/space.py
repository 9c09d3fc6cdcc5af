"""The space of a search: which settings of a fine-tuning are varied, and between what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from data.errors import UsageError
from embedder.finetuning.knobs import (
    KNOBS,
    ON_PHOTOS,
    ON_VECTORS,
    Knob,
    Value,
    idle,
    knob_of,
    usual_words,
    value_in,
)
from embedder.finetuning.settings import Settings

SAMPLERS = ("tpe", "random", "grid")
GRID_STEPS = 3
NO_PRESET = "none"
"""Of the augmentation: asks for nothing, so it can be said of every strategy."""
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}
_KINDS = {float: "numbers", int: "whole numbers", str: "words", bool: "yes or no"}


@dataclass(frozen=True, slots=True)
class Varied:
    """One setting that is varied: between ``low`` and ``high`` (both may be taken), by factors if ``log``; or
    one of ``choices``. Exactly one of the two."""

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        knob = knob_of(self.name)
        if self.choices:
            if len(set(self.choices)) != len(self.choices) or len(self.choices) < 2:
                raise UsageError(
                    f"--vary {self.name} has two different values or more to choose from, not "
                    f"{', '.join(map(str, self.choices))}; one alone is given with --{self.name}"
                )
            return
        if knob.kind not in (float, int):
            raise UsageError(f"--vary {self.name} has no range: name its values, as {self.name}=A,B")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            ends = f"{_shown(self.low)}:{_shown(self.high)}"
            raise UsageError(f"--vary {self.name} goes from a lower to a higher number, not {ends}")
        if self.log and self.low <= 0:
            raise UsageError(
                f"--vary {self.name} goes by factors, so it begins above 0, not at {_shown(self.low)}"
            )

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return knob_of(self.name).kind is int

    def edges(self) -> tuple[Value, ...]:
        """All choices, or both ends: if these are good, so is the rest."""
        return self.choices or (self._rounded(self.low), self._rounded(self.high))

    def steps(self) -> tuple[Value, ...]:
        """The choices, or three values of the range: for a grid."""
        if self.choices:
            return self.choices
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        return tuple(dict.fromkeys(self._rounded(v) for v in (self.low, middle, self.high)))

    def holds(self, value: Value | None) -> bool:
        """Whether a value can be taken."""
        if self.choices:
            return value in self.choices
        return isinstance(value, (int, float)) and self.low <= value <= self.high

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        if self.choices:
            return {"name": self.name, "choices": list(self.choices)}
        return {"name": self.name, "low": self.low, "high": self.high, "log": self.log}

    def _rounded(self, value: float) -> Value:
        return round(value) if self.whole else float(value)


Space = tuple[Varied, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """How settings are searched for.

    trials: so many settings are tried, over all runs of the search. sampler: ``tpe`` (tree-structured Parzen
    estimator: Bergstra et al., 2011), ``random`` or ``grid``. minutes: after so much time spent on trials no
    further one begins; the first is always done. space: what is varied; empty: what usually matters.
    """

    trials: int
    sampler: str = "tpe"
    minutes: float | None = None
    space: Space = ()

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise UsageError(f"a search tries at least 1 setting, not {self.trials}")
        if self.sampler not in SAMPLERS:
            raise UsageError(f"there is no sampler {self.sampler!r}; there are {', '.join(SAMPLERS)}")
        if self.minutes is not None and not self.minutes > 0:
            raise UsageError(f"a search takes more than 0 minutes, not {self.minutes}")
        names = [varied.name for varied in self.space]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise UsageError(f"--vary names {twice} twice")


def usual_space(settings: Settings) -> Space:
    """What is varied where nothing is named: what matters most for the strategy and does something."""
    names = ON_VECTORS if settings.transfer.strategy == "fixed" else ON_PHOTOS
    return tuple(_usual(name, settings) for name in names if idle(name, settings) is None)


def read_space(texts: Sequence[str], settings: Settings) -> Space:
    """What the user names: ``rate``, ``rate=1e-5:1e-3`` or ``schedule=cosine,one-cycle``, one each.

    Raises UsageError for a name that there is not, values that cannot be, or a setting that would do nothing.
    """
    space = tuple(_read(text, settings) for text in texts)
    check_space(space, settings)
    return space


def check_space(space: Space, settings: Settings) -> None:
    """Raises UsageError where a value cannot be, or a setting would do nothing whatever it is."""
    names = {varied.name for varied in space}
    for varied in space:
        lacks = idle(varied.name, settings)
        if lacks is not None and lacks.name not in names:
            now = value_in(settings, lacks.name)
            raise UsageError(
                f"--vary {varied.name} would do nothing with --{lacks.name} {now}; it needs "
                f"{' or '.join(lacks.values)}"
            )
        for value in varied.edges():
            try:
                applied(settings, {varied.name: value})
            except UsageError as error:
                raise UsageError(f"--vary {varied.name} cannot be {_shown(value)}: {error.message}") from None


def check_used(settings: Settings, space: Space = ()) -> None:
    """Raises UsageError for a setting that is not the usual one and would do nothing, whatever is varied."""
    usual, names = Settings(), {varied.name for varied in space}
    for name in KNOBS:
        lacks, value = idle(name, settings), value_in(settings, name)
        if lacks is None or lacks.name in names or value in (value_in(usual, name), NO_PRESET):
            continue
        raise UsageError(
            f"--{name} would do nothing with --{lacks.name} {value_in(settings, lacks.name)}: leave it out; "
            f"it needs {' or '.join(lacks.values)}"
        )


def applied(settings: Settings, values: Mapping[str, Value]) -> Settings:
    """The settings with some of them put in; UsageError where they cannot be so."""
    parts: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        knob = knob_of(name)
        parts.setdefault(knob.part, {})[knob.field] = value
    changed: dict[str, Any] = {
        part: replace(getattr(settings, part), **found) for part, found in parts.items()
    }
    return replace(settings, **changed)


def own_values(settings: Settings, space: Space) -> dict[str, Value] | None:
    """The settings as they are, as one point of the space; None where it does not hold them."""
    found: dict[str, Value] = {}
    for varied in space:
        value = value_in(settings, varied.name)
        if value is None or not varied.holds(value):
            return None
        found[varied.name] = value
    return found


def told(values: Mapping[str, Value]) -> str:
    """Values in words: ``rate 0.0003, dims 128``."""
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items())


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _usual(name: str, settings: Settings) -> Varied:
    knob = knob_of(name)
    words = usual_words(name, settings)
    if words:
        return Varied(name, choices=words)
    if knob.usual is None:
        raise UsageError(f"say between what: --vary {name}=LOW:HIGH or --vary {name}=A,B")
    return Varied(name, *knob.usual, log=knob.log)


def _read(text: str, settings: Settings) -> Varied:
    raw, equals, values = text.partition("=")
    name = raw.strip().lstrip("-").replace("_", "-")
    knob = knob_of(name)
    if not equals:
        return _usual(name, settings)
    if ":" not in values:
        return Varied(name, choices=tuple(_value(name, knob, part) for part in values.split(",")))
    if knob.kind not in (float, int):
        raise UsageError(f"--vary {name} has no range: name its values, as {name}=A,B")
    ends = [_value(name, knob, part) for part in values.split(":")]
    if len(ends) != 2:
        raise UsageError(f"--vary {name} goes from LOW:HIGH, not {values!r}")
    low, high = float(ends[0]), float(ends[1])
    return Varied(name, low, high, log=knob.log and low > 0)


def _value(name: str, knob: Knob, text: str) -> Value:
    """One value as its setting has it."""
    word = text.strip()
    try:
        if knob.kind is bool:
            return _FLAGS[word.lower()]
        if knob.kind is str and word:
            return word
        return knob.kind(word)
    except (KeyError, ValueError):
        raise UsageError(f"--vary {name} takes {_KINDS[knob.kind]}, not {text!r}") from None

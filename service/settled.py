"""The settings as they come together: options, then the environment, then a file, then defaults."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource
from pydantic_settings.exceptions import SettingsError

from data.errors import UsageError
from service.settings import Settings

PREFIX = "VITRINE_"
CONFIG = f"{PREFIX}CONFIG"
MASK = "********"
_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class Settled:
    """The settings, and of each where it came from: ``option``, ``environment``, ``file`` or ``default``.

    The shop has no default that is served: ``vitrine serve`` wants to be told.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None

    def as_json(self) -> dict[str, object]:
        """Every setting with its value and origin; secrets masked."""
        return {
            "file": None if self.file is None else str(self.file),
            "settings": {
                name: {
                    "value": self._value(name),
                    "from": self.origins[name],
                    "description": field.description,
                }
                for name, field in Settings.model_fields.items()
            },
        }

    def _value(self, name: str) -> object:
        if name == "shop" and self.origins[name] == "default":
            return None
        return _shown(getattr(self.settings, name))


def settle(config: Path | None = None, **options: object) -> Settled:
    """The settings of a service. Raises UsageError that names the setting and where its value came from.

    config: a TOML file with settings by name; without one, what ``VITRINE_CONFIG`` names. options: what the
    command was told; None where it was not. An environment variable that is no setting is nobody's business;
    an unknown key of the file is refused.
    """
    told = os.environ.get(CONFIG)
    file = config or (Path(told) if told else None)
    try:
        environment = EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise UsageError(f"the environment has a setting that cannot be read: {error}") from None
    layers = {
        "option": {name: value for name, value in options.items() if value is not None},
        "environment": environment,
        "file": {} if file is None else _of_file(file),
    }
    values: dict[str, object] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    for origin, layer in reversed(layers.items()):
        values |= layer
        origins |= dict.fromkeys(layer, origin)
    try:
        return Settled(Settings(**values), origins, file)  # type: ignore[arg-type]  # checked by the model
    except ValidationError as error:
        raise UsageError(_refusal(error, origins, file)) from None


def _of_file(file: Path) -> dict[str, object]:
    if not file.is_file():
        raise UsageError(f"there is no settings file {file}")
    try:
        found = dict(TomlConfigSettingsSource(Settings, toml_file=file).toml_data)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"the settings file {file} cannot be read: {error}") from None
    for name in found:
        if name not in Settings.model_fields:
            near = get_close_matches(name, Settings.model_fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`vitrine serve --show-settings` lists all"
            raise UsageError(f"the settings file {file} has {name!r:.80}, which is no setting; {hint}")
    return found


def _refusal(error: ValidationError, origins: Mapping[str, str], file: Path | None) -> str:
    """What is wrong with the first setting that is wrong. Never the value: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0])
    origin = origins.get(name, "default")
    where = {
        "option": f"the option --{name.replace('_', '-')}",
        "environment": f"the environment variable {PREFIX}{name.upper()}",
        "file": f"{name!r} in the settings file {file}",
    }.get(origin, f"the setting {name!r}")
    return f"{where} cannot be used: {first['msg'].removeprefix('Value error, ')}"


def _shown(value: object) -> object:
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, str):
        return _PASSWORD.sub(rf"\1:{MASK}@", value)
    return list(value) if isinstance(value, tuple) else value

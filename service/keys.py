"""Keys of the HTTP API: who may do what, kept as hashes in a file of the shop.

A key is 256 random bits, so that a plain SHA-256 of it cannot be turned back: slow password hashes are for
secrets that people choose. The file is JSON and says what it is; it is written by rename, so that a service
that runs sees the old keys or the new ones. Its absence means that there are no keys.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from data.errors import Damaged, NotFound, UsageError
from service.ruling import LOCAL

FILE = "keys"
FORMAT = "vitrine-keys/1"
HASH = "sha256"
RANDOM_BYTES = 32
LONGEST_KEY = 200
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(rf"{HASH}:[0-9a-f]{{64}}")


class Role(IntEnum):
    """What a key may do; each includes those before it."""

    READ = 1
    WRITE = 2
    ADMIN = 3

    @classmethod
    def named(cls, text: str) -> Role:
        """The role of a name in small letters. Raises UsageError."""
        try:
            return cls[text.upper()]
        except KeyError:
            raise UsageError(f"no role {text!r}; roles are read, write and admin") from None

    @property
    def word(self) -> str:
        """The name in small letters."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Key:
    """One key without its secret. digest: ``sha256:`` and 64 hexadecimal digits. created: ISO 8601, UTC."""

    name: str
    role: Role
    digest: str
    created: str

    def as_json(self) -> dict[str, object]:
        """For ``--json``; without the hash, which nobody needs to see."""
        return {"name": self.name, "role": self.role.word, "created": self.created}


def digest_of(secret: str) -> str:
    """The hash under which a key is kept."""
    return f"{HASH}:{hashlib.sha256(secret.encode('utf-8', 'surrogateescape')).hexdigest()}"


def find(keys: Sequence[Key], secret: str) -> Key | None:
    """The key that was presented, or None. Compares with every one, however early one fits."""
    presented = digest_of(secret[: LONGEST_KEY + 1]).encode()
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest.encode(), presented):
            found = key
    return found


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The file with a shop's keys."""

    path: Path

    def read(self) -> tuple[Key, ...]:
        """All keys by name; none where there is no file. Raises Damaged."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            raise Damaged(f"the keys in {self.path} cannot be read: {error}") from None
        try:
            return _keys(json.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(
                f"{self.path} is no file of keys ({error}): restore it, or delete it and make new keys with "
                "`vitrine keys add`"
            ) from None

    def add(self, name: str, role: Role) -> str:
        """A new key, told here and never again. Raises UsageError for a name that is taken or odd."""
        if not NAME.fullmatch(name):
            raise UsageError(
                f"{name!r:.80} cannot be the name of a key: take up to 64 letters, digits, dots, dashes, "
                "underscores"
            )
        if name == LOCAL:
            raise UsageError(f"{LOCAL!r} is what changes without a key are written under; take another name")
        secret = f"vitrine_{role.word}_{secrets.token_urlsafe(RANDOM_BYTES)}"
        made = Key(name, role, digest_of(secret), datetime.now(UTC).isoformat(timespec="seconds"))

        def with_it(keys: tuple[Key, ...]) -> tuple[Key, ...]:
            if any(key.name == name for key in keys):
                raise UsageError(f"there is a key {name!r} already; remove it first, or take another name")
            return (*keys, made)

        self._change(with_it)
        return secret

    def remove(self, name: str) -> Key:
        """Take a key away; a service that runs refuses it from its next request on. Raises NotFound."""
        gone: list[Key] = []

        def without_it(keys: tuple[Key, ...]) -> tuple[Key, ...]:
            gone.extend(key for key in keys if key.name == name)
            if not gone:
                raise NotFound(
                    f"no key {name!r:.80} in {self.path}; `vitrine keys list` shows those there are"
                )
            return tuple(key for key in keys if key.name != name)

        self._change(without_it)
        return gone[0]

    def _change(self, change: Callable[[tuple[Key, ...]], tuple[Key, ...]]) -> None:
        from filelock import FileLock

        if not self.path.parent.is_dir():
            raise UsageError(f"there is no folder {self.path.parent} to keep keys in")
        with FileLock(f"{self.path}.lock", timeout=30):
            self._write(sorted(change(self.read()), key=lambda key: key.name))

    def _write(self, keys: Sequence[Key]) -> None:
        listed = [{**key.as_json(), "hash": key.digest} for key in keys]
        text = json.dumps({"format": FORMAT, "keys": listed}, indent=2) + "\n"
        beside = self.path.with_name(f"{self.path.name}.new")
        # For its owner alone from the first byte on; a left-over of a crash is overwritten.
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(beside, self.path)


def key_file(shop: Path, elsewhere: Path | None = None) -> KeyFile:
    """Where a shop's keys are: in its directory, or where a setting says."""
    return KeyFile(shop / FILE if elsewhere is None else elsewhere)


def _keys(value: Any) -> tuple[Key, ...]:
    if value["format"] != FORMAT:
        raise ValueError(f"format {value['format']!r:.40} instead of {FORMAT!r}")
    keys = tuple(
        Key(str(one["name"]), Role[str(one["role"]).upper()], str(one["hash"]), str(one.get("created", "")))
        for one in value["keys"]
    )
    for key in keys:
        if not NAME.fullmatch(key.name) or not _DIGEST.fullmatch(key.digest):
            raise ValueError(f"the key {key.name!r:.80} is not written as it should be")
    if len({key.name for key in keys}) != len(keys):
        raise ValueError("a name is there twice")
    return keys

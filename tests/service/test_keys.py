"""The file of keys: hashes only, read whole or refused."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.errors import Damaged, NotFound, UsageError
from service.keys import FORMAT, KeyFile, Role, digest_of, find, key_file


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return key_file(tmp_path)


def test_a_key_is_told_once_and_only_its_hash_is_kept(file: KeyFile) -> None:
    secret = file.add("storefront", Role.READ)
    text = file.path.read_text()
    assert secret not in text
    assert secret.rpartition("_")[2] not in text
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    told = json.loads(text)
    assert told["format"] == FORMAT
    [kept] = told["keys"]
    assert kept["hash"].startswith("sha256:")
    assert set(kept) == {"name", "role", "created", "hash"}


def test_a_key_says_its_role_and_has_256_random_bits(file: KeyFile) -> None:
    secrets = [file.add(f"k{n}", Role.WRITE) for n in range(20)]
    assert len(set(secrets)) == 20
    for secret in secrets:
        kind, role, random = secret.split("_", 2)
        assert (kind, role) == ("vitrine", "write")
        assert len(base64.urlsafe_b64decode(random + "=")) == 32


def test_every_entry_is_compared_in_constant_time(file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [file.add(f"k{n}", Role.READ) for n in range(5)]
    keys = file.read()
    compared: list[tuple[bytes, bytes]] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return a == b

    monkeypatch.setattr("service.keys.hmac.compare_digest", compare)
    found = find(keys, secrets[0])
    assert found is not None
    assert found.name == "k0"
    assert [a.decode() for a, _ in compared] == [key.digest for key in keys]


@pytest.mark.parametrize(
    "wrong", ["", " ", "vitrine_read_", "k", "é\udcff", "x" * 100_000, "sha256:" + "0" * 64]
)
def test_what_is_no_key_is_none(file: KeyFile, wrong: str) -> None:
    secret = file.add("k", Role.READ)
    keys = file.read()
    assert find(keys, wrong) is None
    assert find(keys, secret + "x") is None
    assert find(keys, secret[:-1]) is None
    assert find(keys, keys[0].digest) is None  # the hash, if it leaks, opens nothing
    assert find(keys, secret) == keys[0]


def test_names_are_plain_and_taken_once(file: KeyFile) -> None:
    file.add("one", Role.READ)
    with pytest.raises(UsageError, match="already"):
        file.add("one", Role.ADMIN)
    for name in ("", "local", "a b", "a\n", "~", "x" * 65, "../up", "é"):
        with pytest.raises(UsageError):
            file.add(name, Role.READ)
    assert [key.name for key in file.read()] == ["one"]


def test_a_removed_key_is_gone(file: KeyFile) -> None:
    file.add("one", Role.READ)
    secret = file.add("two", Role.ADMIN)
    assert file.remove("two").role is Role.ADMIN
    assert find(file.read(), secret) is None
    with pytest.raises(NotFound):
        file.remove("two")


def test_no_file_is_no_keys(file: KeyFile) -> None:
    assert file.read() == ()


def _spoilt(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], str]:
    def spoil(value: dict[str, Any]) -> str:
        change(value)
        return json.dumps(value)

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda _: "[]",
        lambda value: json.dumps(value)[:-5],
        _spoilt(lambda value: value.update(format="vitrine-keys/2")),
        _spoilt(lambda value: value.pop("keys")),
        _spoilt(lambda value: value["keys"][0].update(role="root")),
        _spoilt(lambda value: value["keys"][0].update(hash="vitrine_read_plain")),
        _spoilt(lambda value: value["keys"][0].update(name="two words")),
        _spoilt(lambda value: value["keys"].append(value["keys"][0])),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused(
    file: KeyFile, spoil: Callable[[dict[str, Any]], str]
) -> None:
    file.add("one", Role.READ)
    file.path.write_text(spoil(json.loads(file.path.read_text())))
    with pytest.raises(Damaged, match="restore it"):
        file.read()
    with pytest.raises(Damaged):
        file.add("two", Role.READ)


def test_roles_by_name() -> None:
    assert [Role.named(word) for word in ("read", "write", "admin")] == sorted(Role)
    with pytest.raises(UsageError, match="read, write and admin"):
        Role.named("root")


def test_a_hash_names_its_kind() -> None:
    assert digest_of("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

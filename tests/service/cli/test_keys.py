from __future__ import annotations

from pathlib import Path

import pytest

from service.keys import KeyFile, Role, find, key_file
from tests.service.cli.conftest import Vitrine


@pytest.fixture(autouse=True)
def no_file_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VITRINE_KEYS_FILE", raising=False)


def test_add_list_remove(vitrine: Vitrine, shop: Path) -> None:
    at = ("--shop", shop)
    assert "no keys" in vitrine("keys", "list", *at).out
    made = vitrine("keys", "add", *at, "--role", "write", "--name", "importer")
    assert made.code == 0
    secret = made.out.strip()  # standard output is the key alone, to be piped
    assert "not shown again" in made.err
    assert secret not in made.err
    found = find(key_file(shop).read(), secret)
    assert found is not None
    assert (found.name, found.role) == ("importer", Role.WRITE)

    other = vitrine("keys", "add", *at, "--role", "read", "--name", "storefront", "--json").json
    assert set(other) == {"name", "role", "key"}
    listed = vitrine("keys", "list", *at)
    assert "importer" in listed.out
    assert "storefront" in listed.out
    told = vitrine("keys", "list", *at, "--json")
    assert [(k["name"], k["role"]) for k in told.json["keys"]] == [
        ("importer", "write"),
        ("storefront", "read"),
    ]
    for text in (listed.out, told.out):
        assert secret not in text
        assert found.digest.partition(":")[2] not in text

    assert vitrine("keys", "remove", *at, "importer", "--json").json["removed"]["name"] == "importer"
    assert "storefront" in vitrine("keys", "remove", *at, "storefront").out
    assert key_file(shop).read() == ()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("add", "--role", "root", "--name", "x"), 2, "read, write and admin"),
        (("add", "--role", "read", "--name", "two words"), 2, "cannot be the name"),
        (("add", "--role", "read", "--name", "local"), 2, "take another name"),
        (("remove", "nobody"), 1, "keys list"),
    ],
)
def test_mistakes(vitrine: Vitrine, shop: Path, words: tuple[str, ...], code: int, says: str) -> None:
    done = vitrine("keys", *words, "--shop", shop)
    assert done.code == code
    assert done.err.count("\n") == 1
    assert says in done.err
    assert not key_file(shop).path.exists()


def test_keys_are_of_a_shop_or_of_a_file(vitrine: Vitrine, tmp_path: Path) -> None:
    assert vitrine("keys", "list", "--shop", tmp_path).code == 1
    assert vitrine("keys", "list").code == 2
    file = tmp_path / "elsewhere.json"
    assert vitrine("keys", "add", "--keys-file", file, "--role", "admin", "--name", "x").code == 0
    assert [key.name for key in KeyFile(file).read()] == ["x"]
    gone = vitrine("keys", "add", "--keys-file", tmp_path / "no" / "file", "--role", "admin", "--name", "x")
    assert gone.code == 2

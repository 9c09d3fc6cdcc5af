from __future__ import annotations

import pytest

from data.errors import UsageError
from service.loopback import is_local_name, is_loopback, listens_to_others


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"])
def test_what_only_this_machine_reaches(host: str) -> None:
    assert not listens_to_others(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "10.0.0.1", "192.0.2.7", "2001:db8::1", "::ffff:10.0.0.1"]
)
def test_what_others_reach(host: str) -> None:
    assert listens_to_others(host)


def test_a_name_without_an_address() -> None:
    with pytest.raises(UsageError):
        listens_to_others("no-such-name.invalid")


def test_names_of_this_machine() -> None:
    for name in ("localhost", "LOCALHOST.", "shop.localhost", "127.0.0.1", "[::1]"):
        assert is_local_name(name)
    for name in ("", "shop.example", "localhost.example", "127.0.0.1.example", "0.0.0.0"):
        assert not is_local_name(name)
    assert not is_loopback("localhost")

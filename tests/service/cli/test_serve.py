"""`vitrine serve`: its settings, where it refuses to listen; and as a process that answers and stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from service.keys import Role, key_file
from service.settings import Settings
from tests.service.cli.conftest import Vitrine


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of services that would run: none does here."""
    found: list[Settings] = []
    monkeypatch.setattr("service.http.run.run", found.append)
    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)
    return found


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_nothing_is_opened_to_others_without_keys(
    vitrine: Vitrine, shop: Path, started: list[Settings], host: str
) -> None:
    refused = vitrine("serve", "--shop", shop, "--host", host)
    assert refused.code == 2
    assert "vitrine keys add" in refused.err
    assert refused.err.count("\n") == 1
    assert not started
    key_file(shop).add("one", Role.READ)
    assert vitrine("serve", "--shop", shop, "--host", host).code == 0
    assert [settings.host for settings in started] == [host]


def test_this_machine_needs_no_keys(vitrine: Vitrine, shop: Path, started: list[Settings]) -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        assert vitrine("serve", "--shop", shop, "--host", host).code == 0
    assert len(started) == 3


def test_keys_that_cannot_be_read_stop_the_start(
    vitrine: Vitrine, shop: Path, started: list[Settings]
) -> None:
    key_file(shop).path.write_text("{}")
    assert vitrine("serve", "--shop", shop).code == 1
    assert not started


def test_settings_come_from_a_file_too(
    vitrine: Vitrine, shop: Path, started: list[Settings], tmp_path: Path
) -> None:
    file = tmp_path / "vitrine.toml"
    file.write_text(f"shop = {json.dumps(str(shop))}\nport = 1234\n")
    assert vitrine("serve", "--config", file).code == 0
    assert (started[0].shop, started[0].port) == (shop, 1234)
    assert vitrine("serve", "--config", file, "--port", "5").code == 0
    assert started[1].port == 5
    file.write_text("prot = 1\n")
    refused = vitrine("serve", "--config", file)
    assert refused.code == 2
    assert "did you mean 'port'?" in refused.err
    assert vitrine("serve").code == 2


def test_settings_are_shown_and_nothing_is_started(
    vitrine: Vitrine, started: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITRINE_SESSION_SECRET", "s" * 40)
    told = vitrine("serve", "--show-settings", "--json", "--port", "5").json
    assert set(told["settings"]) == set(Settings.model_fields)
    assert told["settings"]["port"]["from"] == "option"
    assert told["settings"]["shop"]["value"] is None, "without one nothing is served"
    shown = vitrine("serve", "--show-settings")
    assert shown.code == 0
    for name in Settings.model_fields:
        assert name in shown.out
    assert "ssss" not in shown.out
    assert not started
    assert vitrine("serve", "--json").code == 2


@pytest.mark.slow
def test_serve_answers_and_stops(indexed: Path) -> None:
    code = "from service.cli import main; main()"
    words = [sys.executable, "-c", code, "serve", "--shop", str(indexed), "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as server:
        try:
            address = ""
            for line in server.stderr or ():
                if "http://127.0.0.1:" in line and "running on" in line.lower():
                    address = line[line.index("http://") :].split()[0]
                    break
            assert address, "the server says where it listens"
            with urlopen(f"{address}/v1/products/disc-red/similar?k=3", timeout=30) as answer:
                assert len(json.load(answer)["hits"]) == 3
        finally:
            server.send_signal(signal.SIGINT)
            said = [json.loads(line) for line in server.stderr or ()]
            server.wait(timeout=30)
        [line] = [one for one in said if one["event"] == "request"]
        assert (line["route"], line["status"]) == ("/v1/products/{product_id:path}/similar", 200)

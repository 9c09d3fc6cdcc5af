"""Settings from options, the environment, a file: which wins, what is refused, what is shown."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from data.errors import UsageError
from data.photolimits import PhotoLimits
from service.settings import Settings
from service.settled import settle


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings from outside."""
    for name in list(os.environ):
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vitrine.toml"
    path.write_text('port = 1\nhost = "127.0.0.3"\nmax_k = 7\ncors_origins = ["https://shop.example"]\n')
    return path


def test_the_nearest_word_wins(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_PORT", "2")
    monkeypatch.setenv("VITRINE_HOST", "127.0.0.2")
    found = settle(file, port=3, workers=None)
    settings, origins = found.settings, found.origins
    assert (settings.port, origins["port"]) == (3, "option")
    assert (settings.host, origins["host"]) == ("127.0.0.2", "environment")
    assert (settings.max_k, origins["max_k"]) == (7, "file")
    assert (settings.workers, origins["workers"]) == (1, "default")
    assert settings.cors_origins == ("https://shop.example",)


def test_the_environment_names_a_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_CONFIG", str(file))
    assert settle().settings.max_k == 7


def test_a_variable_that_is_no_setting_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_TEST_POSTGRES", "postgresql://x")
    settle()


def test_more_pixels_than_any_part_of_vitrine_reads_are_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_MAX_PIXELS", "50000001")
    with pytest.raises(UsageError, match="less than or equal to 50000000"):
        settle()
    monkeypatch.setenv("VITRINE_MAX_PIXELS", "50000000")
    assert settle().settings.max_pixels == PhotoLimits().max_pixels


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 1", "'port'"),
        ("[server]\nport = 1", "no setting"),
        ("port = ", "cannot be read"),
        ("port = 70000", "'port' in the settings file"),
        ('log_level = "loud"', "'log_level'"),
        ('cors_origins = ["*"]', "no exact origin"),
        ('cors_origins = ["https://shop.example/path"]', "no exact origin"),
        ('trusted_proxies = ["10.0.0.1/8"]', "no network"),
        ('rate_limit_per_key = "often"', "no rate"),
        ('rate_limit_per_key = "0/second"', "nothing at all"),
        ('session_secret = "short"', "'session_secret'"),
    ],
)
def test_a_file_with_a_mistake_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r".") as refused:
        settle(path)
    assert says in refused.value.message
    assert "short" not in refused.value.message.replace("shorter", "")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no settings file"):
        settle(tmp_path / "none.toml")


def test_a_wrong_variable_or_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="the option --log-level cannot be used"):
        settle(log_level="loud")
    monkeypatch.setenv("VITRINE_MAX_K", "many")
    with pytest.raises(UsageError, match="the environment variable VITRINE_MAX_K cannot be used"):
        settle()


def test_everything_is_shown_but_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "s" * 40
    monkeypatch.setenv("VITRINE_SESSION_SECRET", secret)
    shown: Any = settle(port=3).as_json()
    assert set(shown["settings"]) == set(Settings.model_fields)
    assert secret not in str(shown)
    assert shown["settings"]["session_secret"]["value"] == "********"
    assert shown["settings"]["session_secret"]["from"] == "environment"
    assert shown["settings"]["port"] == {"value": 3, "from": "option", "description": "port to listen on"}


def test_the_environment_spells_lists_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_CORS_ORIGINS", "https://A.example:443, http://b.example:81")
    monkeypatch.setenv("VITRINE_TRUSTED_PROXIES", "10.0.0.0/8,::1")
    settings = settle().settings
    assert settings.cors_origins == ("https://a.example", "http://b.example:81")
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")


def test_two_services_do_not_share_a_secret_by_chance() -> None:
    assert settle().settings.session_secret != settle().settings.session_secret
    with pytest.raises(ValidationError):
        Settings(session_secret="short")  # type: ignore[arg-type]


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


DOCS = Path(__file__).parents[2] / "docs"


def test_the_documentation_names_no_setting_that_is_none() -> None:
    others = {"CONFIG", "SHOP", "DEBUG", "CACHE", "REAL", "TEST_POSTGRES"}
    for page in ("security.md", "http.md", "running.md"):
        named = set(re.findall(r"VITRINE_([A-Z_]+[A-Z])", (DOCS / page).read_text(encoding="utf-8")))
        assert {name.lower() for name in named - others} <= set(Settings.model_fields), page


def test_the_file_of_the_documentation_is_valid(tmp_path: Path) -> None:
    [example] = re.findall(
        r"```toml\n(.*?)```", (DOCS / "security.md").read_text(encoding="utf-8"), re.DOTALL
    )
    path = tmp_path / "vitrine.toml"
    path.write_text(example)
    assert settle(path).settings.workers == 4

"""Dockerfile, compose file and Prometheus's files, as far as they can be checked without an engine."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from typer.main import get_command

from service.cli import program
from service.http.app import create_app
from service.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "service" / "deploy"
NAMES = {f"VITRINE_{name.upper()}" for name in Settings.model_fields}


def dockerfile() -> list[list[str]]:
    """Instructions as words."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def commands() -> dict[str, Any]:
    found: dict[str, Any] = get_command(program()).commands  # type: ignore[attr-defined]
    return found


def ignored(name: str) -> bool:
    """Whether .dockerignore keeps a top-level name out of the build."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    kept = {line[1:] for line in lines if line.startswith("!")}
    return "*" in lines and name not in kept


def test_everything_that_is_copied_exists_and_reaches_the_build() -> None:
    copied = [words[1].split() for words in dockerfile() if words[0] == "COPY" and "--from" not in words[1]]
    sources = [source for words in copied for source in words[:-1]]
    assert {"data", "embedder", "index", "recommender", "service", "pyproject.toml"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not ignored(source), source
    for name in (".git", ".venv", "tests", "benchmarks"):
        assert ignored(name), name


def test_the_image_runs_a_command_that_exists_as_somebody_without_rights() -> None:
    told = {words[0]: words[1] for words in dockerfile()}
    assert told["USER"] == "10001:10001"
    assert told["ENTRYPOINT"] == '["vitrine"]'
    [command] = yaml.safe_load(told["CMD"])
    assert command in commands()
    order = [words[0] for words in dockerfile()]
    assert order.index("USER") > max(n for n, word in enumerate(order) if word == "RUN")


def test_the_health_check_asks_an_address_that_answers(reader_app: TestClient) -> None:
    told = {words[0]: words[1] for words in dockerfile()}
    program = yaml.safe_load(told["HEALTHCHECK"].split("CMD ", 1)[1])[-1]
    compile(program, "healthcheck", "exec")
    path = re.search(r"127\.0\.0\.1:8000(/[a-z/]+)", program)
    assert path
    assert reader_app.get(path[1]).status_code == 200


def test_every_setting_that_is_named_exists() -> None:
    texts = [ROOT / "Dockerfile", *DEPLOY.iterdir()]
    named = {
        name for path in texts for name in re.findall(r"VITRINE_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= NAMES


def test_the_compose_file_fits_the_image_the_command_line_and_the_time_to_stop() -> None:
    services = compose()["services"]
    told = services["vitrine"]
    serve = commands()[told["command"][0]]
    options = {option for parameter in serve.params for option in parameter.opts}
    assert {word for word in told["command"] if word.startswith("--")} <= options
    assert all(port.startswith("127.0.0.1:") for one in services.values() for port in one.get("ports", []))
    settings = Settings(shop=Path("/shop"))
    assert float(told["stop_grace_period"].rstrip("s")) > settings.stop_seconds
    assert (DEPLOY / told["build"]["context"]).resolve() == ROOT
    assert set(told["depends_on"]) <= set(services)
    named = {v.split(":")[0] for one in services.values() for v in one.get("volumes", [])}
    for source in named:
        if source.startswith("./"):
            assert (DEPLOY / source).is_file(), source
    assert {source for source in named if re.fullmatch(r"[a-z]+", source)} == set(compose()["volumes"])


def test_the_commands_of_the_compose_files_head_exist() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    lines = re.findall(r"run --rm vitrine (.*)", text.replace("\\\n#", ""))
    assert len(lines) >= 3
    for line in lines:
        name, *words = shlex.split(line)
        command = commands()[name]
        if words[0] in getattr(command, "commands", {}):
            command = command.commands[words[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


@pytest.fixture
def reader_app(tmp_path: Path) -> TestClient:
    return TestClient(create_app(Settings(shop=tmp_path)))


def test_prometheus_asks_the_service_for_metrics_that_exist(reader_app: TestClient) -> None:
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    [job] = config["scrape_configs"]
    assert reader_app.get(job["metrics_path"]).status_code == 200
    [target] = job["static_configs"][0]["targets"]
    name, port = target.split(":")
    assert compose()["services"][name]["environment"]["VITRINE_PORT"] == port
    for rules in config["rule_files"]:
        assert (DEPLOY / rules).is_file()


def test_every_alert_speaks_of_metrics_that_exist_and_the_docs_list_them_all() -> None:
    docs = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    source = "".join(
        (ROOT / "service" / "http" / name).read_text(encoding="utf-8")
        for name in ("metrics.py", "observed.py")
    )
    known = set(re.findall(r'"(vitrine_[a-z_]+)"', source))
    counted = set(re.findall(r'Counter\(\s*"(vitrine_[a-z_]+)"', source))
    assert counted
    for name in known:
        assert f"`{name}_total`" in docs if name in counted else f"`{name}`" in docs, name
    alerts = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))
    for rule in alerts["groups"][0]["rules"]:
        for name in re.findall(r"vitrine_[a-z_]+", rule["expr"]):
            assert re.sub(r"_(count|bucket|sum|total)$", "", name) in known, name
        assert rule["alert"] in docs


def test_the_docs_name_every_setting() -> None:
    docs = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert {name for name in NAMES if f"`{name}`" not in docs} == set()


def test_the_docs_name_every_variable_that_is_read() -> None:
    docs = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    files = [path for folder in ("embedder", "service", "tests") for path in (ROOT / folder).rglob("*.py")]
    read = {
        name
        for path in files
        for name in re.findall(
            r"environ(?:\.get\(|\[)\"((?:VITRINE|XDG|HF)_[A-Z_]+)\"", path.read_text(encoding="utf-8")
        )
    }
    assert {"VITRINE_CACHE", "VITRINE_REAL", "HF_ENDPOINT"} <= read
    assert {name for name in read if f"`{name}`" not in docs} == set()

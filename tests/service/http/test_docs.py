"""docs/http.md says what the service does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from service.http.errors import CODES, STATUS
from service.settings import Settings
from tests.service.http.test_openapi import PROMISED

TEXT = (Path(__file__).parents[3] / "docs" / "http.md").read_text(encoding="utf-8")


def test_routes_are_those_of_the_service() -> None:
    rows = re.findall(r"^\| `(GET|PUT|PATCH|POST|DELETE) (/v1/[^?`]*)", TEXT, re.MULTILINE)
    served = {
        (method, re.sub(r"\{\w+\}", "{id}", path)) for method, path in PROMISED if path.startswith("/v1/")
    }
    assert set(rows) == served


def test_codes_stand_beside_their_status() -> None:
    rows = dict(re.findall(r"^\| (\d{3}) \| (.*) \|$", TEXT, re.MULTILINE))
    told = {**{cls.code: status for cls, status in STATUS.items()}, **{code: n for n, code in CODES.items()}}
    # Never raised by a route: the root of the tree, and what only commands raise.
    unseen = {"error", "too_many_rejects"}
    for code, status in told.items():
        assert code in unseen or f"`{code}`" in rows[str(status)], (code, status)


def test_limits_are_settings_with_their_defaults() -> None:
    for name in re.findall(r"VITRINE_(\w+)", TEXT):
        assert name.lower() in Settings.model_fields
    defaults = Settings.model_fields
    assert defaults["max_upload_bytes"].default == 20 * 2**20
    assert defaults["max_pixels"].default == 50_000_000
    for name in ("max_k", "max_batch", "max_examples", "max_page_size"):
        assert re.search(rf"`VITRINE_{name.upper()}` \| .* \| {defaults[name].default} \|", TEXT), name


def test_settings_of_the_log_stand_with_their_defaults() -> None:
    for name in ("log_recommendations", "log_retention_days", "log_queue", "explore"):
        default = f"{Settings.model_fields[name].default:g}" if name != "log_recommendations" else "true"
        assert re.search(rf"`VITRINE_{name.upper()}` \| .* \| {default} \|", TEXT), name


def _calls() -> list[list[str]]:
    blocks = [block for block in re.findall(r"```\n(.*?)```", TEXT, re.DOTALL) if block.startswith("curl")]
    return [
        ["curl", *shlex.split(call)]
        for block in blocks
        for call in re.split(r"^curl ", block, flags=re.M)[1:]
    ]


@pytest.mark.parametrize(
    "call", _calls(), ids=lambda call: next(part for part in call if "/v1/" in part)[21:50]
)
def test_the_calls_work(client: TestClient, catalogue: Path, call: list[str]) -> None:
    ours = {"0108775015": "disc-red", "0110065001": "bar-red", "0111565001": "cross-blue"}
    address = urlsplit(next(part for part in call if part.startswith("http")))
    path = f"{address.path}?{address.query}"
    body = call[call.index("-d") + 1] if "-d" in call else None
    for theirs, id_ in ours.items():
        path = path.replace(theirs, id_)
        body = body.replace(theirs, id_) if body else None
    if "-F" in call:
        field = call[call.index("-F") + 1].partition("=")[0]
        response = client.post(path, files={field: (catalogue.parent / "disc-red.jpg").read_bytes()})
    elif body is not None:
        response = client.post(path, content=body, headers={"content-type": "application/json"})
    else:
        response = client.get(path)
    assert response.status_code == 200, response.text

"""A shop for each test, in SQLite and, where VITRINE_TEST_POSTGRES names a server, in PostgreSQL too."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from data.shop import Shop

POSTGRES = os.environ.get("VITRINE_TEST_POSTGRES")
KINDS = ["sqlite"] if POSTGRES is None else ["sqlite", "postgres"]


@contextmanager
def postgres_database() -> Iterator[str]:
    """The URL of a fresh database on the test server, dropped afterwards."""
    server = make_url(str(POSTGRES))
    name = f"vitrine_test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A fresh database on the test server."""
    with postgres_database() as url:
        yield url


@pytest.fixture
def second_url() -> Iterator[str]:
    """Another one."""
    with postgres_database() as url:
        yield url


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """An empty shop."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    made = Shop.create(tmp_path / "shop", url)
    yield made
    made.close()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with four files that stand for photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        (folder / name).write_bytes(name.encode())
    return folder

"""Runs the migrations from inside the program: no alembic.ini, no command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from data.errors import SchemaMismatch

_LOCK = 0x76697472  # any number that other programs are unlikely to use


def config() -> Config:
    """Alembic's configuration, with the scripts that lie beside this module."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return made


def versions() -> list[str]:
    """The versions that these scripts know, the oldest first."""
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    return sorted(script.revision for script in scripts)


def upgrade(engine: Engine, target: str = "head") -> None:
    """``move`` to a version that is not older than the present one."""
    move(engine, versions()[-1] if target == "head" else target)


def move(engine: Engine, target: str) -> None:
    """Bring the database to the version ``target``, upwards or downwards, all in one transaction.

    Raises SchemaMismatch where the database is of a version that these scripts do not know.
    """
    settings, known = config(), versions()
    with engine.execution_options(vitrine_writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE keeps others out already
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = None
        if inspect(connection).has_table("alembic_version"):
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if found is not None and found not in known:
                raise unknown(found, known)
        settings.attributes["connection"] = connection
        if found is not None and found > target:
            command.downgrade(settings, target)
        else:
            command.upgrade(settings, target)


def unknown(found: str, known: Sequence[str]) -> SchemaMismatch:
    """What to say of a database of a version that none of these scripts makes."""
    if found > known[-1]:
        return SchemaMismatch(
            f"the shop's database is of version {found}, and this Vitrine knows versions up to {known[-1]}: "
            "it was made by a newer one; install that"
        )
    return SchemaMismatch(
        f"the shop's database is of version {found}, which no Vitrine makes (known are {', '.join(known)}): "
        "restore it from a backup"
    )

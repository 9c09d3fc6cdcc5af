"""Runs the migrations from inside the program: no alembic.ini, no command line."""

from __future__ import annotations

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


def upgrade(engine: Engine, target: str = "head") -> None:
    """Bring the database to ``target``, all in one transaction.

    Raises SchemaMismatch where the database is of a version that these scripts do not know.
    """
    settings = config()
    known = {script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()}
    with engine.execution_options(vitrine_writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE keeps others out already
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if inspect(connection).has_table("alembic_version"):
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if found is not None and found not in known:
                raise SchemaMismatch(
                    f"the shop's database is of version {found}, which this Vitrine does not know: "
                    "it was made by a newer one; install that"
                )
        settings.attributes["connection"] = connection
        command.upgrade(settings, target)

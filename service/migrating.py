"""Bringing a shop's tables to another version, or saying whether that is needed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from data.errors import UsageError
from data.home import open_database, remembered_database
from data.lock import writer_lock
from data.store.schema import HEAD
from service.answers import Json


@dataclass(frozen=True, slots=True)
class Migration:
    """Versions of a shop's tables. before: None where there are none yet. steps: what lies between."""

    before: str | None
    after: str
    needed: str
    steps: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Whether this Vitrine can open the shop now."""
        return self.after == self.needed

    def as_json(self) -> Json:
        """For ``--json``."""
        return {
            "before": self.before,
            "after": self.after,
            "needed": self.needed,
            "steps": list(self.steps),
            "current": self.current,
        }


def migrate(directory: Path, to: str | None = None, check: bool = False) -> Migration:
    """Bring the shop's tables to a version (None: the one that this Vitrine needs); with ``check`` only look.

    Raises ShopMissing, SchemaMismatch for a shop of a newer Vitrine, UsageError for an unknown version,
    ShopBusy while another process imports or builds.
    """
    from data.migrations.runner import unknown, versions

    known = versions()
    target = HEAD if to is None else to
    if target not in known:
        raise UsageError(f"there is no version {target!r}; there are {', '.join(known)}")
    with closing(open_database(directory, remembered_database(directory))) as database:
        before = database.version()
        if before is not None and before not in known:
            raise unknown(before, known)
        steps = tuple(v for v in known if min(before or "", target) < v <= max(before or "", target))
        if check or before == target:
            return Migration(before, before or "", HEAD, steps)
        with writer_lock(directory, "vitrine migrate"):
            database.migrate(target)
        return Migration(before, database.version() or "", HEAD, steps)

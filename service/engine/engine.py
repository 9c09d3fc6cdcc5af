"""The engine: one thread-safe object per shop, under the command line and the HTTP service alike.

It only assembles. Each method hands its request to the module that knows how, with the parts of the shop
that it needs; parts are opened when first needed. Importing and learning are imported inside their methods,
so that a question by product id starts fast.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from data.shop import Shop
from service.answers import Json
from service.engine.asking import Asking
from service.engine.changing import Changing
from service.engine.importing import Importing
from service.engine.learning import Learning
from service.engine.looking import Looking
from service.parts import Parts
from service.shown_log import LogSettings


class Engine(Importing, Asking, Learning, Changing, Looking):
    """Everything that can be done with one shop. Safe to use from several threads."""

    @classmethod
    def open(
        cls, directory: Path, runtime: str = "auto", log: LogSettings | None = None, brief: bool = False
    ) -> Engine:
        """Open an existing shop. Raises ShopMissing, SchemaMismatch.

        runtime: which runtime encodes photos: "auto", "cuda", "openvino" or "torch". log: how recommendations
        for a surface are logged; None: they are not. brief: whether there is one question only: files of
        the index that were found whole within the last day are then not read through again.
        """
        return cls(Parts(Shop.open(directory), runtime, log, brief))

    @classmethod
    def create(cls, directory: Path, database: str | None = None, runtime: str = "auto") -> Engine:
        """Open a shop, or make an empty one where there is none.

        database: SQLAlchemy URL of the records, or None for SQLite inside the directory.
        """
        return cls(Parts(Shop.create(directory, database), runtime))

    @property
    def directory(self) -> Path:
        """Where the shop lies."""
        return self._parts.shop.directory

    @property
    def shop(self) -> Shop:
        """The shop's records."""
        return self._parts.shop

    @property
    def parts(self) -> Parts:
        """The opened parts, for what the methods here do not cover (library use)."""
        return self._parts

    def close(self) -> None:
        """Write what the log has yet to write; release files and database connections."""
        self._parts.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def refresh(self) -> None:
        """Pick up all that other processes changed; every question does so by itself, but does not wait for
        many changes. Raises EmptyShop.
        """
        self._parts.index().refresh()

    def warm_up(self, photos: bool = False) -> None:
        """Open what questions need before the first one comes; with ``photos`` the embedder too. A trained
        recommender is opened behind the caller's back.
        """
        index = self._parts.index()
        self._parts.recommenders.begin(index)
        if photos:
            self._parts.embedder(index.space)


def list_embedders(directory: Path | None) -> list[Json]:
    """The embedders there are; with a shop's directory also its own. Raises ShopMissing."""
    if directory is None:
        from service.learning import embedders

        return embedders(None)
    with Engine.open(directory) as engine:
        return engine.embedders()

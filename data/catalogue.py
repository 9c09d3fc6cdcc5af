"""Catalogues: from a file or folder to checked rows, in chunks. See docs/catalogue.md.

The file is read twice: first to learn what kind each column is and which products come in several rows,
then to build the rows. What is kept in memory is eight bytes a row, and a little for each product with
several rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from data import rejects
from data.cells import ColumnKind, Raw, as_id, as_number, as_stock, as_text, is_blank, plain_cell
from data.errors import UsageError
from data.folder import read_folder
from data.ids import clean_text, id_fault
from data.photopaths import PhotoFolder
from data.records import CORE_COLUMNS, CatalogueRow, Cell, PhotoRef, Product, Reject
from data.repeats import Repeats, RowHashes
from data.tables import TableFile, TableRow, open_table
from data.timestamps import parse_moment

PHOTO_COLUMNS = ("photo", "image")
ARRIVAL_COLUMNS = ("first_seen", "added")
PHOTO_SEPARATOR = "|"
_SPECIAL = frozenset({*CORE_COLUMNS, *PHOTO_COLUMNS, *ARRIVAL_COLUMNS})


@dataclass(frozen=True, slots=True)
class Chunk:
    """A portion of a catalogue. rows_read: how many rows of the file it stands for.

    A row whose photos cannot be used may be in both lists: the product is kept, the row counts as rejected.
    warnings: about the whole, in the first portion.
    """

    rows: list[CatalogueRow]
    rejects: list[Reject]
    rows_read: int
    warnings: tuple[str, ...] = ()


def read_catalogue(
    path: Path, photos: Path | None = None, chunk: int = 1000, mapping: Mapping[str, str] | None = None
) -> Iterator[Chunk]:
    """Read a catalogue from CSV, TSV, JSON lines, Parquet, or a bare folder of photos.

    photos: the folder that photo paths start from and must not leave; by default the catalogue's own.
    mapping: our column name → the file's. Raises UsageError, before the first chunk, where there is no such
    file or folder, the file cannot be read as a table, or has no product_id column.
    """
    if path.is_dir():
        return (Chunk(*part) for part in read_folder(path, chunk))
    folder = photos if photos is not None else path.parent
    if not folder.is_dir():
        raise UsageError(f"there is no photo folder {folder}")
    table = open_table(path)
    reader = _Reader(table, PhotoFolder(folder), dict(mapping or {}))
    reader.learn()
    return reader.chunks(max(chunk, 1))


def photo_root(path: Path, photos: Path | None) -> Path:
    """The folder that a catalogue's photo paths start from, as ``Shop.put_rows`` wants it."""
    return path if path.is_dir() else photos if photos is not None else path.parent


class _Reader:
    """Both passes over a table."""

    def __init__(self, table: TableFile, folder: PhotoFolder, mapping: dict[str, str]) -> None:
        self._table = table
        self._folder = folder
        self._mapping = mapping
        self._kinds: dict[str, ColumnKind] = {}
        self._repeats = Repeats(())

    def learn(self) -> None:
        """The first pass."""
        if self._table.columns():
            self._check_columns(self._table.columns())
        hashes = RowHashes()
        found: dict[str, None] = {}
        id_column = self._mapping.get("product_id", "product_id")
        for row in self._table.rows([id_column]):
            if isinstance(row, Reject):
                continue
            found.update(dict.fromkeys(row.cells))
            hashes.add(as_id(row.cells.get(id_column)))
            if not self._table.typed:
                self._learn_kinds(row)
        if not self._table.columns() and found:
            self._check_columns(list(found))
        self._repeats = hashes.repeats()

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The second pass."""
        rows: list[CatalogueRow] = []
        refused: list[Reject] = []
        read = 0
        for entry in self._table.rows():
            read += 1
            if isinstance(entry, Reject):
                refused.append(entry)
            else:
                made = self._row(TableRow(entry.number, self._renamed(entry.cells)), refused)
                if made is not None:
                    rows.append(made)
            if read == size:
                yield Chunk(rows, refused, read)
                rows, refused, read = [], [], 0
        if read:
            yield Chunk(rows, refused, read)

    def _check_columns(self, found: list[str]) -> None:
        name, has = self._table.path.name, f"it has {', '.join(found) or 'none'}"
        for ours, theirs in self._mapping.items():
            if theirs not in found:
                raise UsageError(f"{name} has no column {theirs!r} (for {ours}); {has}")
        if "product_id" not in found and "product_id" not in self._mapping:
            raise UsageError(
                f"{name} has no column 'product_id'; {has}: "
                "say which one holds the ids with --column product_id=NAME"
            )

    def _renamed(self, cells: Mapping[str, Raw]) -> dict[str, Raw]:
        theirs = set(self._mapping.values())
        kept = {n: c for n, c in cells.items() if n not in theirs and n not in self._mapping}
        return {**kept, **{ours: cells[name] for ours, name in self._mapping.items() if name in cells}}

    def _learn_kinds(self, row: TableRow) -> None:
        for name, cell in self._renamed(row.cells).items():
            if name not in _SPECIAL and isinstance(cell, str) and cell and not cell.isspace():
                self._kinds.setdefault(name, ColumnKind()).see(cell)

    def _row(self, row: TableRow, refused: list[Reject]) -> CatalogueRow | None:
        """One row, or None where it is refused; its rejects go into ``refused``."""
        product_id = as_id(row.cells.get("product_id"))
        fault = id_fault(product_id)
        if fault is not None:
            shown = clean_text(product_id[:80]) or None
            refused.append(Reject("row", row.number, shown, fault, rejects.MEANINGS[fault]))
            return None
        named = _photos_named(row.cells)
        detail = self._repeats.conflict(product_id, row.cells, bool(named), PHOTO_COLUMNS)
        if detail is not None:
            refused.append(Reject("row", row.number, product_id, rejects.DUPLICATE_ID, detail))
            return None
        further = self._repeats.is_further(product_id)
        product = self._product(product_id, row, refused)
        if product is None:
            return None
        self._repeats.accept(product_id, row.cells, PHOTO_COLUMNS)
        photos = self._photos(product_id, row.number, named, refused)
        return CatalogueRow(row.number, product, photos, further)

    def _product(self, product_id: str, row: TableRow, refused: list[Reject]) -> Product | None:
        cells = row.cells
        fault = _fault(cells)
        if fault is not None:
            reason, cell = fault
            refused.append(Reject("row", row.number, product_id, reason, repr(str(cell)[:100])))
            return None
        stock = cells.get("in_stock")
        return Product(
            product_id,
            as_text(cells.get("title")),
            as_text(cells.get("category")),
            as_number(cells.get("price")),
            is_blank(stock) or bool(as_stock(stock)),
            self._attributes(cells),
            parse_moment(_arrival(cells)),
        )

    def _attributes(self, cells: Mapping[str, Raw]) -> dict[str, Cell]:
        told = {n: self._attribute(n, c) for n, c in cells.items() if n not in _SPECIAL and n.strip()}
        return {name: cell for name, cell in told.items() if cell is not None}

    def _attribute(self, name: str, cell: Raw) -> Cell:
        if self._table.typed or not isinstance(cell, str):
            return plain_cell(cell)
        return self._kinds[name].read(cell) if name in self._kinds else None

    def _photos(
        self, product_id: str, number: int, named: list[str], refused: list[Reject]
    ) -> tuple[PhotoRef, ...]:
        placed = [self._folder.place(name) for name in named]
        good = dict.fromkeys(path for path, _, _ in placed if path is not None)
        scope = "photo" if good else "row"
        refused.extend(
            Reject(scope, number, product_id, reason, detail)
            for path, reason, detail in placed
            if path is None
        )
        return tuple(PhotoRef(path) for path in good)


def _fault(cells: Mapping[str, Raw]) -> tuple[str, Raw] | None:
    """The first cell that cannot be used, with its reason; None where all can."""
    price, stock, arrival = cells.get("price"), cells.get("in_stock"), _arrival(cells)
    if not is_blank(price):
        amount = as_number(price)
        if amount is None or amount < 0:
            return rejects.BAD_PRICE, price
    if not is_blank(stock) and as_stock(stock) is None:
        return rejects.BAD_STOCK, stock
    if arrival is not None and parse_moment(arrival) is None:
        return rejects.BAD_DATE, arrival
    return None


def _arrival(cells: Mapping[str, Raw]) -> Raw:
    return next((cells[n] for n in ARRIVAL_COLUMNS if not is_blank(cells.get(n))), None)


def _photos_named(cells: Mapping[str, Raw]) -> list[str]:
    named: list[str] = []
    for column in PHOTO_COLUMNS:
        cell = cells.get(column)
        texts = cell if isinstance(cell, list | tuple) else [cell]
        for text in texts:
            parts = (as_text(text) or "").split(PHOTO_SEPARATOR)
            named.extend(part.strip() for part in parts if part.strip())
    return named

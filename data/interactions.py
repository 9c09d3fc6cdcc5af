"""Files of interactions: from CSV, Parquet or JSON lines to checked records. See docs/catalogue.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data import rejects
from data.cells import Raw, as_id, as_number, is_blank
from data.errors import UsageError
from data.ids import clean_text, id_fault
from data.records import EVENTS, Interaction, Reject
from data.tables import TableFile, TableRow, open_table
from data.timestamps import parse_moment

COLUMNS = ("event_id", "customer_id", "product_id", "event", "value", "timestamp")
NEEDED = ("customer_id", "product_id", "timestamp")


@dataclass(frozen=True, slots=True)
class EventNames:
    """How a file names its events. default: what a row means in a file without an event column. names: the
    file's name → ours, for files that say ``buy`` where we say ``purchase``."""

    default: str = "purchase"
    names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for event in (self.default, *self.names.values()):
            if event not in EVENTS:
                raise UsageError(f"unknown event {event!r:.40}: it must be one of {', '.join(EVENTS)}")

    def ours(self, cell: Raw) -> str | None:
        """Our name of an event, or None for an unknown one."""
        told = as_id(cell)
        mapped = self.names.get(told, told.lower())
        return mapped if mapped in EVENTS else None


@dataclass(frozen=True, slots=True)
class InteractionChunk:
    """A portion of a file: rows_read = len(interactions) + len(rejects). numbers: the interactions' rows."""

    interactions: list[Interaction]
    rejects: list[Reject]
    rows_read: int
    numbers: list[int]

    def conflicts(self, found: Mapping[int, str]) -> list[Reject]:
        """The rejects of interactions whose ``event_id`` another one bears: place → what differs."""
        return [
            Reject(
                "row",
                self.numbers[at],
                self.interactions[at].identity[:80],
                rejects.EVENT_ID_CONFLICT,
                f"the event that has this event_id has another {differs}",
            )
            for at, differs in found.items()
        ]


def read_interactions(
    path: Path,
    columns: Mapping[str, str] | None = None,
    known: Callable[[Sequence[str]], set[str]] | None = None,
    events: EventNames | None = None,
    chunk: int = 10_000,
) -> Iterator[InteractionChunk]:
    """Read interactions in chunks.

    columns: our column name → the file's. known: tells which of some product ids exist
    (``Shop.known_products``); rows of others are rejected; None accepts all. Raises UsageError, before the
    first chunk, where the file cannot be read as a table or a needed column is missing.
    """
    table = open_table(path)
    mapping = dict(columns or {})
    _check(table, mapping)
    return _chunks(table, mapping, known, events or EventNames(), max(chunk, 1))


def _check(table: TableFile, mapping: Mapping[str, str]) -> None:
    for ours in mapping:
        if ours not in COLUMNS:
            raise UsageError(f"{ours!r} is no column of interactions; they have {', '.join(COLUMNS)}")
    found = table.columns()
    if not found:
        first = next((row for row in table.rows() if isinstance(row, TableRow)), None)
        if first is None:
            return  # no readable row: there is nothing that could lack a column
        found = list(first.cells)
    wanted = {ours: mapping.get(ours, ours) for ours in (*NEEDED, *mapping)}
    for ours, theirs in wanted.items():
        if theirs not in found and (ours in NEEDED or table.columns()):
            raise UsageError(
                f"{table.path.name} has no column {theirs!r}; it has {', '.join(found)}: "
                f"say which one holds it with --column {ours}=NAME"
            )


def _names(table: TableFile, column: str) -> bool:
    """Whether the file has a column; of JSON lines, whether any row has it, which is looked for first."""
    if table.columns():
        return column in table.columns()
    return any(isinstance(row, TableRow) and column in row.cells for row in table.rows([column]))


def _chunks(
    table: TableFile,
    mapping: Mapping[str, str],
    known: Callable[[Sequence[str]], set[str]] | None,
    events: EventNames,
    size: int,
) -> Iterator[InteractionChunk]:
    names = {ours: mapping.get(ours, ours) for ours in COLUMNS}
    has_event = _names(table, names["event"])
    made: list[tuple[int, Interaction]] = []
    refused: list[Reject] = []
    read = 0
    for row in table.rows(list(names.values())):
        read += 1
        entry = row if isinstance(row, Reject) else _interaction(row, names, events, has_event)
        if isinstance(entry, Reject):
            refused.append(entry)
        else:
            made.append((row.number if isinstance(row, TableRow) else 0, entry))
        if read == size:
            yield _chunk(made, refused, known, read)
            made, refused, read = [], [], 0
    if read:
        yield _chunk(made, refused, known, read)


def _chunk(
    made: list[tuple[int, Interaction]],
    refused: list[Reject],
    known: Callable[[Sequence[str]], set[str]] | None,
    read: int,
) -> InteractionChunk:
    if known is None:
        return InteractionChunk([entry for _, entry in made], refused, read, [number for number, _ in made])
    there = known(sorted({entry.product_id for _, entry in made}))
    strangers = [
        Reject("row", number, entry.product_id, rejects.UNKNOWN_PRODUCT, "not in the shop")
        for number, entry in made
        if entry.product_id not in there
    ]
    kept = [(number, entry) for number, entry in made if entry.product_id in there]
    refused = sorted([*refused, *strangers], key=lambda r: r.row or 0)
    return InteractionChunk([entry for _, entry in kept], refused, read, [number for number, _ in kept])


def _interaction(
    row: TableRow, names: Mapping[str, str], events: EventNames, has_event: bool
) -> Interaction | Reject:
    cells = {ours: row.cells.get(theirs) for ours, theirs in names.items()}
    customer, product, event_id = (as_id(cells[n]) for n in ("customer_id", "product_id", "event_id"))

    def refuse(reason: str, detail: object) -> Reject:
        shown = clean_text((event_id or customer or product)[:80]) or None
        return Reject("row", row.number, shown, reason, str(detail)[:200])

    for told, name in ((customer, "customer"), (product, "product"), (event_id or "-", "event")):
        fault = id_fault(told)
        if fault == rejects.MISSING_ID and name == "customer":
            return refuse(rejects.MISSING_CUSTOMER, rejects.MEANINGS[rejects.MISSING_CUSTOMER])
        if fault is not None:
            return refuse(fault, f"{name}: {rejects.MEANINGS[fault]}")
    event = events.ours(cells["event"]) if has_event else events.default
    if event is None and names["event"] not in row.cells:
        return refuse(rejects.UNKNOWN_EVENT, "the row has no event, other rows have")
    if event is None:
        return refuse(rejects.UNKNOWN_EVENT, f"{str(cells['event'])[:60]!r}; known: {', '.join(EVENTS)}")
    moment = parse_moment(cells["timestamp"])
    if moment is None:
        return refuse(rejects.BAD_TIMESTAMP, repr(cells["timestamp"]))
    value = None if is_blank(cells["value"]) else as_number(cells["value"])
    if (value is None and not is_blank(cells["value"])) or (
        event == "rate" and not (value is not None and 1 <= value <= 5)
    ):
        return refuse(rejects.BAD_VALUE, repr(cells["value"]))
    return Interaction(customer, product, event, moment, value, event_id or None)

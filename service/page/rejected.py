"""What imports could not use, by the file that is to be mended and by reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.records import Reject, RejectRecord
from data.rejects import MEANINGS

EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Rejected:
    """The rejects of one source for one reason. source: the imported file; "" for uploads.
    count: of all; examples: the first ``EXAMPLES``.
    """

    kind: str
    source: str
    reason: str
    meaning: str
    count: int
    examples: tuple[Reject, ...]


def rejected(records: Sequence[RejectRecord]) -> list[Rejected]:
    """Sources in the order of their imports, the most frequent reason of each first."""
    groups: dict[tuple[str, str], dict[str, list[Reject]]] = {}
    for record in records:
        reasons = groups.setdefault((record.kind, record.source), {})
        reasons.setdefault(record.reject.reason, []).append(record.reject)
    return [
        Rejected(kind, source, reason, MEANINGS.get(reason, reason), len(ones), tuple(ones[:EXAMPLES]))
        for (kind, source), reasons in groups.items()
        for reason, ones in sorted(reasons.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]

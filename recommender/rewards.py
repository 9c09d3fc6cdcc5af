"""What came of what was shown: the log of recommendations with a reward for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from data.errors import UsageError
from data.records import EVENTS

if TYPE_CHECKING:
    import pandas as pd

REWARDED = ("click", "like", "cart", "purchase")
WINDOW = timedelta(days=7)
COLUMNS = (
    "request_id",
    "customer_id",
    "position",
    "product_id",
    "propensity",
    "reward",
    "timestamp",
    "surface",
    "score",
    "policy",
    "fallback",
)
ANONYMOUS = "of anonymous sessions, of which nothing later is known"
OPEN = "whose window has not ended"


@dataclass(frozen=True, slots=True, eq=False)
class Rewarded:
    """table: one row per shown product with ``COLUMNS``, in the order of the log. left_out: which rows are
    not in it → how many.
    """

    table: pd.DataFrame
    left_out: Mapping[str, int]


def with_rewards(
    shown: pd.DataFrame,
    interactions: pd.DataFrame,
    asof: datetime,
    window: timedelta = WINDOW,
    events: Sequence[str] = REWARDED,
) -> Rewarded:
    """Give each shown product 1 if the customer clicked, liked, put in the cart or bought it, else 0.

    shown: as ``Recommendations.frame``. interactions: as ``Shop.interactions``. asof: the moment up to which
    interactions are known. window: how long after an answer an event still counts for it. events: which ones
    count. An event counts for the last answer before it that showed the customer its product, and for that
    one only: one purchase is one reward, however often the product was shown. Rows of anonymous sessions and
    rows whose window has not ended are left out, and counted. Raises UsageError for an unknown event or a
    window that is not above 0.
    """
    import pandas as pd  # half a second to import; only exports need it

    unknown = [name for name in events if name not in EVENTS]
    if unknown or not events:
        raise UsageError(
            f"no event {unknown[0]!r} to reward; there are {', '.join(EVENTS)}"
            if unknown
            else "name at least one event to reward"
        )
    if window <= timedelta(0):
        raise UsageError("the window in which an event counts for an answer must be longer than nothing")
    pair = ["customer_id", "product_id"]
    known = shown[shown["customer_id"].notna()].sort_values("timestamp", kind="stable")
    known = known.assign(row=known.index)
    later = interactions[interactions["event"].isin(events)][[*pair, "timestamp"]]
    credited = pd.merge_asof(
        _comparable(later.sort_values("timestamp", kind="stable")),
        _comparable(known[[*pair, "timestamp", "row"]]),
        on="timestamp",
        by=pair,
        direction="backward",
        tolerance=pd.Timedelta(window),
    )["row"].dropna()
    table = shown.assign(reward=shown.index.isin(credited).astype("int64"))
    anonymous = shown["customer_id"].isna()
    still_open = ~anonymous & (shown["timestamp"] + window > pd.Timestamp(asof))
    kept = table[~anonymous & ~still_open][list(COLUMNS)].reset_index(drop=True)
    return Rewarded(kept, {ANONYMOUS: int(anonymous.sum()), OPEN: int(still_open.sum())})


def _comparable(frame: pd.DataFrame) -> pd.DataFrame:
    """With ids as plain objects: an empty table has no texts to tell its types by."""
    return frame.astype({"customer_id": "object", "product_id": "object"})

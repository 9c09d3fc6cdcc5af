"""What the two doors (command line and HTTP) ask of the engine: frozen values that check themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from data.errors import UsageError
from data.photolimits import PhotoLimits
from data.records import Interaction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Strategy = Literal["average", "best", "sum"]
NearDuplicates = Literal["keep", "suppress"]
Seen = Literal["drop", "keep"]
Split = Literal["time", "last", "user", "cold-items", "cold-natural", "random", "rolling"]
Auto = Literal["auto"]

STRATEGIES: tuple[Strategy, ...] = ("average", "best", "sum")
SPLITS: tuple[Split, ...] = (
    "time",
    "last",
    "user",
    "cold-items",
    "cold-natural",
    "random",
    "rolling",
)
MAX_K = 10_000
AUTO: Auto = "auto"
"""The least score that ``vitrine embedders evaluate`` calibrated on the shop's own photos."""


def _check_common(k: int, diversity: float) -> None:
    if not 1 <= k <= MAX_K:
        raise UsageError(f"k must be between 1 and {MAX_K}, not {k}")
    if not 0.0 <= diversity <= 1.0:
        raise UsageError(f"diversity must be between 0 (none) and 1 (most), not {diversity}")


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A photo from outside that went through an embedder: its unit blocks (d,), unscaled, and their space."""

    blocks: NDArray[np.float32]
    space: str


@dataclass(frozen=True, slots=True)
class Look:
    """One example of a visual query: a product of the shop, or a photo from outside (exactly one of them).

    product_id: a product with at least one usable photo.
    photo: a file, or the bytes of one.
    weight: how much this example counts, > 0; only proportions matter.
    name: what to call a photo in messages and on sheets.
    encoded: a photo that went through the embedder already, instead of its file or bytes.
    """

    product_id: str | None = None
    photo: Path | bytes | None = None
    weight: float = 1.0
    name: str | None = None
    encoded: Encoded | None = None

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.product_id, self.photo, self.encoded)) != 1:
            raise UsageError("an example is either a product or a photo: give exactly one of them")
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise UsageError(f"an example's weight must be a number above 0, not {self.weight}")

    @property
    def label(self) -> str:
        """How a person would call it."""
        if self.product_id is not None:
            return self.product_id
        return self.name or (self.photo.name if isinstance(self.photo, Path) else "photo")


@dataclass(frozen=True, slots=True)
class SimilarRequest:
    """A search by looks.

    examples: what the hits shall resemble; at least one.
    negatives: what they shall not resemble.
    strategy: how several examples combine ("average", "best" or "sum").
    where: a filter expression, or None.
    aspects: weights of aspects for this query, or None for the embedder's own.
    diversity: 0 (closest first) to 1 (as different from each other as possible).
    exclude: products that must not be in the answer.
    min_score: hits below this cosine are left out; "auto": below the shop's calibrated threshold.
    explain: each hit says which photo of the examples it is like, and each aspect's part of its score.
    rules: whether what merchandisers pinned, blocked and boosted holds.
    """

    examples: tuple[Look, ...]
    negatives: tuple[Look, ...] = ()
    k: int = 10
    where: str | None = None
    aspects: Mapping[str, float] | None = None
    diversity: float = 0.0
    strategy: Strategy = "average"
    exclude: frozenset[str] = frozenset()
    min_score: float | Auto | None = None
    near_duplicates: NearDuplicates = "keep"
    explain: bool = False
    rules: bool = True

    def __post_init__(self) -> None:
        if not self.examples:
            raise UsageError("a search needs at least one example: a product or a photo")
        if self.strategy not in STRATEGIES:
            raise UsageError(f"no strategy {self.strategy!r}; there are {', '.join(STRATEGIES)}")
        if isinstance(self.min_score, str) and self.min_score != AUTO:
            raise UsageError(f"a min_score is a cosine or {AUTO}, not {self.min_score!r}")
        _check_common(self.k, self.diversity)


@dataclass(frozen=True, slots=True)
class RecommendRequest:
    """A question for recommendations.

    customer_id: whose stored history is used; or
    history: an anonymous session's interactions instead (oldest first).
    seen: "drop" leaves out what the customer already dealt with; None takes the recommender's default.
    category_cap: at most so many products of one category, or None. model: a trained model of the table that
    is asked instead (see ``vitrine train --model``); such answers are not logged. rules: whether what
    merchandisers pinned, blocked and boosted holds; never in the answer of a single model.
    """

    customer_id: str | None = None
    history: Sequence[Interaction] | None = None
    k: int = 10
    where: str | None = None
    exclude: frozenset[str] = frozenset()
    seen: Seen = "drop"
    diversity: float | None = None
    category_cap: int | None = None
    why: bool = True
    model: str | None = None
    rules: bool = True

    def __post_init__(self) -> None:
        if (self.customer_id is None) == (self.history is None):
            raise UsageError("recommendations are for a customer or for a history: give exactly one of them")
        if self.category_cap is not None and self.category_cap < 1:
            raise UsageError(f"a category cap must be at least 1, not {self.category_cap}")
        _check_common(self.k, self.diversity or 0.0)


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """An order to bring the shop in line with a catalogue, or to encode its photos with another embedder.

    catalogue: a CSV, TSV, Parquet or JSON-lines file, or a folder of photos; None: what the shop holds.
    photos: the folder that photo paths are relative to; None: the catalogue's own folder.
    embedder: which embedder; None: the one the shop already uses, else "bundled". Another one than that
    fills a space of its own, beside the one that is searched.
    switch: search that space as soon as it is complete.
    label: the column by whose values the two spaces are compared.
    index: "auto", "exact" or a FAISS factory string.
    columns: our column name → the file's, where they differ.
    rebuild: build a new generation even if nothing changed.
    prune: delete products that this catalogue does not list.
    max_reject_share: above this share of rejected rows the command fails (what was good is kept).
    profile: a file to write a page into that shows where the time went.
    """

    catalogue: Path | None = None
    photos: Path | None = None
    embedder: str | None = None
    index: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    rebuild: bool = False
    prune: bool = False
    max_reject_share: float = 0.05
    wanted_recall: float = 0.99
    runtime: str = "auto"
    batch: int | None = None
    limits: PhotoLimits = field(default_factory=PhotoLimits)
    switch: bool = False
    label: str = "category"
    profile: Path | None = None

    def __post_init__(self) -> None:
        if self.catalogue is None and (self.photos is not None or self.columns or self.prune):
            raise UsageError("--photos, --column and --prune say how to read a catalogue: name one")
        if self.switch and self.embedder is None:
            raise UsageError("to switch while a catalogue is indexed, say to which --embedder")
        if not 0.0 <= self.max_reject_share <= 1.0:
            raise UsageError(f"--max-reject-share is a share from 0 to 1, not {self.max_reject_share}")
        if not 0.0 < self.wanted_recall <= 1.0:
            raise UsageError(f"--recall is a share above 0 and up to 1, not {self.wanted_recall}")


@dataclass(frozen=True, slots=True)
class EventsRequest:
    """An order to import interactions from a file.

    columns: our column name → the file's, where they differ (``{"customer_id": "user_id"}``).
    default_event: what a row means in a file without an event column.
    event_names: the file's name of an event → ours (``{"buy": "purchase"}``).
    weights: weights of events to store in the shop, or None to leave them.
    """

    events: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    default_event: str = "purchase"
    event_names: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] | None = None
    max_reject_share: float = 0.05

    def __post_init__(self) -> None:
        if not 0.0 <= self.max_reject_share <= 1.0:
            raise UsageError(f"--max-reject-share is a share from 0 to 1, not {self.max_reject_share}")


@dataclass(frozen=True, slots=True)
class ReduceRequest:
    """An order to fit a PCA of one aspect on the shop's photos.

    name: the new embedder's name under the shop's models.
    aspect: whose block is reduced, to ``dims`` numbers; ``whiten`` evens out the components' variances.
    embedder: what to start from; None: the one the shop uses.
    """

    name: str
    aspect: str = "shape"
    dims: int = 128
    whiten: bool = False
    embedder: str | None = None
    seed: int = 7


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """An order to evaluate recommendation models offline.

    split: time, last, user, cold-items, cold-natural, random, or rolling (several windows, a report each).
    models: names to compare; ``all`` for every one; None for the quick ones.
    report: folder for report.html and report.json, or None for DIR/reports/evaluation-SPLIT.
    seeds: runs of every stochastic model. search: settings tried of every model; None: the usual few.
    repeat: products that a customer has met can be asked for again. ablate: also run the models that look
    with photos shuffled among products and without any. windows: of the split ``rolling``. profile: file for
    a page that tells where the time went, or None.
    """

    split: Split = "time"
    models: tuple[str, ...] | None = None
    report: Path | None = None
    seed: int = 7
    seeds: int = 3
    search: int | None = None
    repeat: bool = False
    ablate: bool = False
    windows: int = 3
    profile: Path | None = None

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UsageError(f"no split {self.split!r}; there are {', '.join(SPLITS)}")
        if self.windows < 2:
            raise UsageError(f"rolling windows are two or more, not {self.windows}")

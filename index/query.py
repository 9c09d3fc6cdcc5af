"""What a search asks for. The values check themselves when built, so a bad request never reaches FAISS.

FAISS itself accepts NaN and zero vectors silently and answers them with nonsense; here they are refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError

if TYPE_CHECKING:
    from data.where import Where

Strategy = Literal["average", "best", "sum"]
NearDuplicates = Literal["keep", "suppress"]
STRATEGIES, SUPPRESSING = get_args(Strategy), get_args(NearDuplicates)
MAX_K = 10_000
MAX_EXAMPLES = 1_000
DUPLICATE_COSINE = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One thing that the hits shall (or, as a negative, shall not) look like: a product, or a photo's vector.

    product_id: a product of the shop; the mean of its photos is the example, and the product itself is never
        among the hits.
    vector: float32 (d,) as ``AspectLayout.scale`` makes it; exactly one of product_id and vector is given.
    weight: how much it counts against the other examples, > 0.
    space: fingerprint of the embedder that made the vector, where known; another space is an error.
    """

    product_id: str | None = None
    vector: NDArray[np.float32] | None = None
    weight: float = 1.0
    space: str | None = None

    def __post_init__(self) -> None:
        if (self.product_id is None) == (self.vector is None):
            raise UsageError("an example is either a product_id or a vector; give exactly one of them")
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise UsageError(
                f"the weight of an example must be a number above 0, not {self.weight}; "
                "use a negative example for what is not wanted"
            )
        if self.vector is None:
            return
        if self.vector.ndim != 1:
            raise UsageError(f"a query vector has one axis, not {self.vector.ndim}; pass one photo at a time")
        if not np.isfinite(self.vector).all():
            raise UsageError(
                "the query vector holds NaN or infinite numbers; encode the photo again and pass what the "
                "embedder returns"
            )
        if not self.vector.any():
            raise UsageError(
                "the query vector is all zeros, which looks like nothing; encode the photo again"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A search.

    examples: at least one thing to look like.
    negatives: things to stay away from.
    strategy: how several examples become one score (see ``index.objective``).
    k: how many distinct products, 1..10,000.
    where: filter over products; exact.
    aspects: weights of the aspects for this query only; aspects not named keep their default.
    diversity: 0 (by score alone) .. 1 (only as different from one another as possible), by MMR.
    exclude: product ids that must not be in the answer.
    min_score: hits below it are left out.
    near_duplicates: ``suppress`` leaves out a product whose matching photo is the same picture, as good as
        (cosine >= duplicate_cosine), as a better hit's or as a queried product's.
    explain_aspects: whether hits carry the cosine of each aspect.
    """

    examples: tuple[Example, ...]
    negatives: tuple[Example, ...] = ()
    strategy: Strategy = "average"
    k: int = 10
    where: Where | None = None
    aspects: Mapping[str, float] | None = None
    diversity: float = 0.0
    exclude: frozenset[str] = field(default_factory=frozenset)
    min_score: float | None = None
    near_duplicates: NearDuplicates = "keep"
    duplicate_cosine: float = DUPLICATE_COSINE
    explain_aspects: bool = True

    def __post_init__(self) -> None:
        if not self.examples:
            raise UsageError("a search needs at least one example: a product or a photo")
        if len(self.examples) + len(self.negatives) > MAX_EXAMPLES:
            raise UsageError(f"a search takes at most {MAX_EXAMPLES} examples and negatives together")
        if self.strategy not in STRATEGIES:
            raise UsageError(f"no strategy {self.strategy!r}; there are {', '.join(STRATEGIES)}")
        if self.near_duplicates not in SUPPRESSING:
            raise UsageError(f"near_duplicates is keep or suppress, not {self.near_duplicates!r}")
        if isinstance(self.k, bool) or not isinstance(self.k, int) or not 1 <= self.k <= MAX_K:
            raise UsageError(f"k must be a whole number from 1 to {MAX_K}, not {self.k}")
        if not 0.0 <= self.diversity <= 1.0:
            raise UsageError(f"diversity must be from 0 to 1, not {self.diversity}")
        if not 0.0 < self.duplicate_cosine <= 1.0:
            raise UsageError(f"duplicate_cosine must be above 0 and at most 1, not {self.duplicate_cosine}")
        if self.min_score is not None and not math.isfinite(self.min_score):
            raise UsageError("min_score must be a finite number")

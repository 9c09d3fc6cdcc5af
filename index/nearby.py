"""Products near to any of several probes: candidates for whoever scores them by rules of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.snapshot import Snapshot

Floats = NDArray[np.float32]


def near(snapshot: Snapshot, probes: Floats, fetch: int) -> NDArray[np.int64] | None:
    """Products with photos that are likely among the ``fetch`` nearest to some probe: their places in
    ``snapshot.products``, rising.

    probes: float32 (p, d), scaled as the stored vectors are. One photo that is near is enough; what a product
    of several photos looks like as a whole is for the caller to compare. What changed since the generation
    was built is compared exactly. None where there is no generation, or one that compares everything: whoever
    holds all products' vectors does that more quickly.
    """
    generation = snapshot.generation
    if generation is None or generation.manifest.exact:
        return None
    found = generation.scans.quick().near(probes, fetch)
    slots = np.unique(generation.rows.slot_of_row[found])
    slots = slots[snapshot.alive[slots]]
    delta = snapshot.delta
    _, slots_here = snapshot.living.split(snapshot.built_slots)
    best = delta.scan.top(probes, fetch, delta.rows.allowed(slots_here)).rows if delta.slots else found[:0]
    late = np.unique(snapshot.delta.rows.slot_of_row[best]).astype(np.int64) + snapshot.built_slots
    places: NDArray[np.int64] = snapshot.place_of_slot[np.concatenate([slots, late])]
    return places

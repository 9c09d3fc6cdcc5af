"""When an answer is still the one that would be given now: a digest of everything it depends on."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from service.lookalikes import calibration_of
from service.parts import Parts


def search_state(parts: Parts) -> str:
    """A digest (32 hex digits) of all that answers of searches by looks depend on besides the request.

    That is: the shop's revision (products, photos, vectors), the space and generation in use with what is
    wrong with them, the calibrated threshold, and the merchandisers' rules that hold at this moment. Raises
    EmptyShop while there is nothing to search.
    """
    index = parts.index().pinned()
    calibration = calibration_of(parts.shop, index.space)
    now = datetime.now(UTC)
    rules = [(rule.rule_id, rule.change_id) for rule in parts.shop.rules.all() if rule.terms.holds(now)]
    facts = (
        index.revision,
        index.space,
        index.generation,
        list(index.warnings),
        None if calibration is None else calibration.as_json(),
        rules,
    )
    return hashlib.sha256(json.dumps(facts).encode("utf-8", "surrogatepass")).hexdigest()[:32]

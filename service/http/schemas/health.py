"""How the service is."""

from __future__ import annotations

from pydantic import Field

from service.http.schemas.base import Outgoing


class Alive(Outgoing):
    """The process answers."""

    status: str = Field(default="alive", examples=["alive"])


class Ready(Outgoing):
    """Searches can be answered now."""

    status: str = Field(default="ready", examples=["ready"])
    warnings: list[str] = Field(
        default_factory=list,
        description="what is wrong though answers are given: a newly trained recommender that cannot be "
        "read, rows of the log of recommendations that were lost",
    )

"""How the service is."""

from __future__ import annotations

from pydantic import Field

from service.http.schemas.base import Outgoing, shown


class Alive(Outgoing):
    """The process answers."""

    model_config = shown({"status": "alive"})

    status: str = Field(default="alive", examples=["alive"])


class Ready(Outgoing):
    """Searches can be answered now."""

    model_config = shown({"status": "ready", "warnings": []})

    status: str = Field(default="ready", examples=["ready"])
    warnings: list[str] = Field(
        default_factory=list,
        description="what is wrong though answers are given: a newly trained recommender that cannot be "
        "read, rows of the log of recommendations that were lost",
    )

"""The number of a page in an address."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]

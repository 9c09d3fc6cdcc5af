"""Who sent a request, for what is kept of changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from service.ruling import LOCAL


async def who_of(request: Request) -> str:
    """The name of the key that the request came with; "local" where the service asks for none."""
    return str(getattr(request.state, "key_name", None) or LOCAL)


Who = Annotated[str, Depends(who_of)]

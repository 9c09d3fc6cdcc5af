"""Signing in with a key, for people; and out again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from service.http.access import SIGN_IN, same_origin
from service.http.errors import answer
from service.http.keys import CurrentKeys
from service.http.sessions import COOKIE, Sessions
from service.keys import LONGEST_KEY, find
from service.page.render import page
from service.page.ruled import inside

router = APIRouter()

LONGEST_ADDRESS = 2000
HOME = "/"


class SignInForm(BaseModel):
    """The fields of the form: the key, and where to go on to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(max_length=LONGEST_KEY)
    back: str = Field(default=HOME, max_length=LONGEST_ADDRESS)


@router.get(SIGN_IN)
def ask(request: Request, back: Annotated[str, Query(max_length=LONGEST_ADDRESS)] = HOME) -> Response:
    """The form that asks for a key."""
    return _kept_by_nobody(page(request, "sign_in.html", back=inside(back, HOME), problem=None))


@router.post(SIGN_IN)
async def sign_in(request: Request, form: Annotated[SignInForm, Form()]) -> Response:
    """A session for whoever brings a key: a cookie out of scripts' reach, never sent from elsewhere."""
    if not same_origin(request.headers):
        return _from_elsewhere(request)
    keys: CurrentKeys = request.app.state.keys
    sessions: Sessions = request.app.state.sessions
    known = keys.now()
    key = find(known, form.key.strip())
    if known and key is None:
        problem = "The service does not know this key."
        shown = page(request, "sign_in.html", 401, back=inside(form.back, HOME), problem=problem)
        return _kept_by_nobody(shown)
    away = RedirectResponse(inside(form.back, HOME), 303)
    if key is not None:
        away.set_cookie(
            COOKIE,
            sessions.cookie_for(key),
            max_age=sessions.seconds,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return _kept_by_nobody(away)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """No session any more."""
    if not same_origin(request.headers):
        return _from_elsewhere(request)
    away = RedirectResponse(SIGN_IN, 303)
    away.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https")
    return _kept_by_nobody(away)


def _from_elsewhere(request: Request) -> Response:
    return answer(request, 403, "forbidden", "signing in and out is for this service's own pages")


def _kept_by_nobody(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response

"""The pages, one module a subject: browse, product, search, customers, reports, rules, signing in."""

from __future__ import annotations

from fastapi import APIRouter

from service.page.routes import browse, customers, product, reports, rules, search, sign_in

router = APIRouter(include_in_schema=False)
for part in (browse, product, search, customers, reports, rules, sign_in):
    router.include_router(part.router)

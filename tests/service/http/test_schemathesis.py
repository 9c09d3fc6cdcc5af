"""The service holds to its own schema: schemathesis, all checks, over every route of a small drawn shop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from service.http.app import create_app
from service.settings import Settings
from tests.service.http.serving import served

EXAMPLES = 2

# Rules that no schema can say: of a filter's words, of a photo's bytes, of two fields together.
BEYOND_A_SCHEMA = frozenset({"usage", "bad_filter", "bad_photo"})
OWN_RULE = "Value error, "
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "422", "429"]


def refused_only_for_what_a_schema_cannot_say(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """What schemathesis's own ``positive_data_acceptance`` leaves open once 422 is among what is accepted."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    error = response.json()["error"]
    if error["code"] in BEYOND_A_SCHEMA:
        return
    if all(one["problem"].startswith(OWN_RULE) for one in error["detail"]["problems"]):
        return
    raise AssertionError(f"the schema allows this, and the service does not: {json.dumps(error)}")


schema = schemathesis.openapi.from_dict(
    create_app(Settings(shop=Path("none"))).openapi(),
    config=schemathesis.Config.from_dict(
        {"checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}}
    ),
)


@pytest.fixture(scope="module")
def address(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a service answers, in a process of its own, on a shop that it may change."""
    shop = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("fuzzed") / "shop"))
    with served(shop) as (_, found):
        yield found


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_route_holds_to_the_schema(case: schemathesis.Case, address: str) -> None:
    case.call_and_validate(base_url=address, additional_checks=[refused_only_for_what_a_schema_cannot_say])

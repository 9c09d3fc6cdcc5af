"""The page as text: everything that a report shows, handed to its template."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from recommender.evaluation.metrics import KS, SYMBOLS
from recommender.evaluation.report import against, background, plots, table
from recommender.evaluation.report.examples import examples
from recommender.evaluation.report.glossary import glossary
from recommender.evaluation.report.marks import OURS, mark_of
from recommender.evaluation.report.overlap import overlap
from recommender.evaluation.report.svg import swatch
from recommender.evaluation.report.threats import threats
from recommender.evaluation.result import Evaluation
from recommender.evaluation.slices import CATEGORY, MONTH

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from data.shop import Shop

K = 10
METRIC = f"ndcg@{K}"
HOME = "recommender.evaluation.report"


def render(found: Evaluation, shop: Shop) -> str:
    """The page. shop: for titles and photos of the examples."""
    from markupsafe import Markup

    verdict, _, figures = (found.headline or "").partition(": ")
    names = list(dict.fromkeys([*found.names, *(str(one["model"]) for one in found.contestants)]))
    return (
        environment()
        .get_template("report.html")
        .render(
            found=found,
            css=stylesheet(),
            k=K,
            verdict=verdict,
            figures=figures,
            unsure=found.power is not None and _unsure(found),
            facts=background.facts(found),
            marks={name: Markup(swatch(mark_of(name))) for name in names},  # nosec B704 # drawn by us
            ours=OURS,
            measured=_measured(found, shop) if found.customers and found.models else None,
            behind=_behind(found),
            threats=threats(found),
            glossary=glossary(),
            symbols=SYMBOLS,
            drawing=Markup,
        )
    )


def stylesheet() -> Markup:
    """The style of every page of a report, to stand inside it."""
    from markupsafe import Markup

    own = (files(HOME) / "page" / "report.css").read_text(encoding="utf-8")
    return Markup(own)  # nosec B704 # a file of this package


def environment() -> Environment:
    """Where the report's templates are read; what is not known to be markup is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(HOME, "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def _unsure(found: Evaluation) -> bool:
    """Whether the first metric's test of our model (without it: any test) came to no verdict."""
    tests = found.families[0].tests if found.families else ()
    ours = [test for test in tests if test.model == OURS] or tests
    return any(test.verdict == "not told apart" for test in ours)


def _measured(found: Evaluation, shop: Shop) -> dict[str, Any]:
    """What there is only where somebody was asked. Drawings are SVG of ours, which has escaped every word
    from outside itself.
    """
    model = OURS if OURS in found.behind.rankings else found.models[-1].model
    led = plots.leading(found)
    return {
        "main": table.main(found, K),
        "further": table.further(found, K),
        "wholes": [(k, table.whole(found, k)) for k in KS if k != K],
        "leading": [one.model for one in led],
        "all_led": len(led) == len(found.models),
        "by_k": [plots.by_k(found, metric) for metric in plots.BY_K],
        "families": [
            (plots.family_forest(f), against.tests_of(f), f.about) for f in found.families if f.tests
        ],
        "comparison": plots.comparison_forest(found.comparison) if found.comparison else "",
        "coverage": plots.accuracy_and_coverage(found, K),
        "cold": table.cold_and_warm(found, METRIC),
        "slices": _slices(found),
        "ablation": against.photos_worth(found.ablation) if found.ablation else None,
        "candidates": against.candidate_words(found),
        "seeds": against.seeds_of(found),
        "overlap": overlap(found.behind.rankings, K),
        "popularity": plots.popularity_of_lists(found, K),
        "people": examples(found, shop, model),
        "people_model": model,
    }


def _slices(found: Evaluation) -> dict[str, Any]:
    counts, histories = table.slices_of(found, "count_"), table.slices_of(found, "history_")
    bought, liked = "earlier choosers of the product", "products liked before"
    return {
        "drawings": [plots.by_slice(found, counts, bought), plots.by_slice(found, histories, liked)],
        "grids": [
            ("By how many customers chose the product before", table.by_slice(found, counts, METRIC, bought)),
            ("By products the customer had liked before", table.by_slice(found, histories, METRIC, liked)),
            (
                "By category of the chosen product",
                table.by_slice(found, table.slices_of(found, CATEGORY), METRIC, "category"),
            ),
            (
                "By month of the question",
                table.by_slice(found, table.slices_of(found, MONTH), METRIC, "month"),
            ),
        ],
    }


def _behind(found: Evaluation) -> dict[str, Any]:
    return {
        "described": background.described(found),
        "digests": background.digests(found),
        "left_out": background.left_out(found),
        "audit": background.audit(found),
        "audit_words": background.audit_words(found),
        "models": background.models(found),
        "tried": background.tried(found),
        "weights": background.weights(found),
    }

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from data.records import CatalogueRow, PhotoRef, Product
from data.shop import Shop
from recommender.evaluation.bootstrap import Difference
from recommender.evaluation.evaluate import Plan, carry_out, evaluate_dataset
from recommender.evaluation.metrics import FORMULAS
from recommender.evaluation.report import render, table, write_report
from recommender.evaluation.report.examples import examples
from recommender.evaluation.report.plots import leading
from recommender.evaluation.result import Evaluation, ModelResult
from recommender.evaluation.splits import split
from recommender.evaluation.twins import compare
from recommender.evaluation.worth import Ablation, Worth
from recommender.models.kinds import BY_NAME
from recommender.source import load_dataset
from tests.recommender.conftest import Corner, build_corner
from tests.recommender.makers import data_of, items_of, shop_like

ASKED = ("random", "popularity", "looks", "ease", "vitrine")
WORTHS = tuple(
    Worth(
        "looks", variant, part, 54, {"ndcg@10": (0.4, 0.1)}, {"ndcg@10": Difference(0.3, (0.2, 0.4), 0.001)}
    )
    for variant in ("shuffled", "none")
    for part in ("all", "cold_items")
)


@pytest.fixture(scope="module")
def corner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corner]:
    """Some products with real photos on disk, others whose file is gone; one title that is markup."""
    folder = tmp_path_factory.mktemp("report")
    made = build_corner(folder / "shop", customers=70, events=10)
    rows = []
    for number in range(0, 60, 2):
        Image.new("RGB", (60, 90), (number * 4, 90, 160)).save(folder / f"{number}.jpg")
        product = made.shop.product(f"p{number:03d}")
        changed = Product(product.product_id, f"<b>thing & {number}</b>", product.category)
        rows.append(CatalogueRow(number + 1, changed, (PhotoRef(f"{number}.jpg"),)))
    data = load_dataset(made.shop, made.index)
    result = carry_out(Plan("time", ASKED), data, split(data, "time"))
    made.__dict__["found"] = replace(result, ablation=Ablation(WORTHS))
    made.shop.put_rows(rows, folder)
    yield made
    made.shop.close()


@pytest.fixture(scope="module")
def found(corner: Corner) -> Evaluation:
    return corner.__dict__["found"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def page(corner: Corner, found: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(found, corner.shop, tmp_path_factory.mktemp("out") / "deep").read_text("utf-8")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop without a product, for evaluations that did not come from one."""
    shop = Shop.create(tmp_path_factory.mktemp("empty") / "shop")
    yield shop
    shop.close()


class Tags(HTMLParser):
    """Opened and closed tags must match."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [str(value) for name, value in attrs if name == "id"]
        self.links += [str(value) for name, value in attrs if name == "href"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(page: str) -> Tags:
    """A page that is whole: tags match, links lead somewhere in it, and no number is missing."""
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert len(set(tags.ids)) == len(tags.ids)
    assert {link.removeprefix("#") for link in tags.links} <= set(tags.ids)
    assert not re.search(r">\s*\[?[+-]?(nan|NaN|inf|None)\b", page)
    return tags


def words(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page)))


def test_the_page_opens_without_a_network(page: str) -> None:
    for foreign in ("http:", "https:", "//cdn", "<script", "<link", "@import", "url("):
        assert foreign not in page


def test_the_page_is_well_formed_and_its_links_stay_in_it(page: str) -> None:
    assert checked(page).links


def test_words_from_the_shop_are_escaped(page: str) -> None:
    assert "<b>thing" not in page
    assert "&lt;b&gt;thing &amp;" in page


def test_pictures_are_inside_and_a_missing_file_is_said(page: str) -> None:
    assert len(re.findall(r'src="data:image/jpeg;base64,', page)) >= 5
    assert "no photo" in page


def test_all_plots_are_there(page: str) -> None:
    labels = [unescape(label) for label in re.findall(r'<svg[^>]* aria-label="([^"]+)"', page)]
    for part in (
        *("NDCG by length", "Recall by length", "MAP (by n) by length", "Hit rate by length"),
        *("paired difference to", "paired over customers", "NDCG@10 against coverage@10"),
        *("by earlier choosers", "by products liked before", "before it was shown"),
    ):
        assert any(part in label for label in labels), part


def test_every_part_is_there(page: str, found: Evaluation) -> None:
    told = words(page)
    for title in (
        *("Against the best baseline", "What this test could have shown", "Models that draw lots"),
        *("Candidate recall:", "The ranker's lift:", "Cold, warm and other parts", "By category of the"),
        *("By month of the", "What photos are worth", "Accuracy against coverage", "Jaccard@10"),
        *("Customers to look at", "Threats to validity", "Leakage audit", "Who and what is not in the"),
    ):
        assert title in told, title
    assert found.ablation is not None
    assert all(sentence in told for sentence in found.ablation.in_words())
    assert found.digest in told


def test_every_metric_has_its_formula_in_the_glossary_and_at_its_columns(page: str) -> None:
    for name, formula in FORMULAS.items():
        assert f'<dt id="f-{name.replace("_", "-")}">' in page
        assert formula in unescape(page)
    heads = re.findall(r'<th scope="col"[^>]*title="([^"]+)"[^>]*><a href="#f-ndcg">NDCG@10</a>', page)
    assert heads
    assert set(heads) == {f"NDCG@10 = {FORMULAS['ndcg']}"}
    assert "10,000 bootstrap resamples" in page
    assert "(1 + flips with |Σ ± g| ≥ |Σ g|) / (1 + 10,000)" in unescape(page)


def test_every_finding_of_the_audit_is_told_with_its_status(page: str, found: Evaluation) -> None:
    rows = re.findall(
        r'<tr><th scope="row">([^<]*)</th><td class="words [a-z]+">([^<]*)</td><td>([^<]*)</td>', page
    )
    assert sorted((unescape(n), s, c) for n, s, c in rows) == sorted(
        (f.name, f.status, f"{f.compared:,}") for f in found.findings
    )


def test_every_model_says_what_it_cannot_do_and_how_much_it_was_tuned(page: str, found: Evaluation) -> None:
    told = words(page)
    for one in found.contestants:
        cannot = ", ".join(one["cannot"]) or "nothing"
        assert f"{one['about']} {cannot} {one['fallback']} {one['tries']} {len(one['seeds'])}" in told


def test_what_was_left_out_is_counted_with_the_reason(corner: Corner, found: Evaluation) -> None:
    more = replace(
        found,
        excluded={"only_products_that_are_not_cold": 17},
        dropped={"seen_before": 1234},
        unusable={"a_new_reason": 5},
    )
    told = words(render(more, corner.shop))
    assert "17 customers who chose only products that are not cold" in told
    assert "1,234 chosen products that the customer had met before" in told
    assert "5 a new reason" in told


def test_json_beside_it_has_the_same_figures_and_names_the_values_per_customer(
    corner: Corner, found: Evaluation, tmp_path: Path
) -> None:
    write_report(found, corner.shop, tmp_path)
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    kept = told.pop("per_customer")
    assert told == json.loads(json.dumps(found.as_json()))
    assert (tmp_path / kept["file"]).is_file()


def test_two_reports_can_be_compared(corner: Corner, found: Evaluation, tmp_path: Path) -> None:
    for side in "ab":
        write_report(found, corner.shop, tmp_path / side)
    told = compare(tmp_path / "a" / "report.json", tmp_path / "b")
    assert told.customers == found.customers
    assert all(pair.test.difference == 0 for pair in told.pairs["ndcg@10"])


def test_the_same_evaluation_gives_the_same_files(corner: Corner, found: Evaluation, tmp_path: Path) -> None:
    for side in "ab":
        write_report(found, corner.shop, tmp_path / side)
    for name in ("report.html", "report.json", "customers.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_simulated_customers_are_stamped_on_top_and_on_every_table_and_drawing(
    corner: Corner, found: Evaluation, page: str
) -> None:
    assert "SIMULATED" not in page
    stamped = render(replace(found, simulated=True), corner.shop)
    checked(stamped)
    assert stamped.index("SIMULATED:") < stamped.index("<h1")
    assert len(re.findall(r"<caption[^>]*>SIMULATED", stamped)) == stamped.count("<table")
    assert len(re.findall(r"<figure[^>]*><p[^>]*>SIMULATED", stamped)) == stamped.count("<figure")
    assert stamped.count("<table") > 10 < stamped.count("<figure")


def test_the_page_fits_a_phone_a_print_and_a_dark_room(page: str) -> None:
    assert 'content="width=device-width' in page
    assert page.count("<table") == len(re.findall(r'<div class="wide"[^>]*><table', page))
    assert "@media print" in page
    assert "prefers-color-scheme: dark" in page


def test_examples_show_what_was_known_recommended_and_chosen(corner: Corner, found: Evaluation) -> None:
    people = examples(found, corner.shop, "vitrine")
    assert {"best", "worst"} <= {p.kind for p in people}
    assert people[0].ndcg == max(p.ndcg for p in people)
    assert len({p.customer_id for p in people}) == len(people)
    for p in people:
        before = {t.product_id for t in p.history}
        assert not before & {t.product_id for t in p.shown}
        bought = {e.product_id for e in corner.shop.history(p.customer_id)}
        assert {t.product_id for t in p.chosen} <= bought
        assert all(t.hit == (t.product_id in {c.product_id for c in p.chosen}) for t in p.shown[:1])


def test_a_withheld_headline_is_shown_as_such(empty: Shop) -> None:
    small = evaluate_dataset(shop_like(customers=30), "time", ["popularity", "vitrine"])
    page = render(small, empty)
    checked(page)
    assert "Headline withheld: " in page


def test_a_report_on_one_model_compares_nothing(empty: Shop) -> None:
    alone = evaluate_dataset(shop_like(customers=30), "time", ["popularity"])
    page = render(alone, empty)
    checked(page)
    assert "Nothing was compared" in page
    assert "Models that draw lots" not in page


def test_a_report_on_nobody_is_still_a_report(empty: Shop, tmp_path: Path) -> None:
    events = [("a", "shoe1", 1.0, float(d)) for d in range(8)] + [
        ("a", "shoe1", 1.0, 9.0),
        ("a", "shoe1", 1.0, 10.0),
    ]
    nobody = evaluate_dataset(data_of(items_of(), events), "time", ["popularity", "vitrine"])
    assert nobody.customers == 0
    page = write_report(nobody, empty, tmp_path).read_text("utf-8")
    checked(page)
    assert "who only came back" in page
    assert (tmp_path / "customers.parquet").is_file()


def test_figures_that_do_not_exist_are_dashes(corner: Corner, found: Evaluation) -> None:
    nothing = dict.fromkeys(found.models[0].metrics, math.nan)
    hollow = replace(found.models[1], metrics=nothing, intervals=dict.fromkeys(nothing, (math.nan, math.nan)))
    page = render(replace(found, models=(found.models[0], hollow, *found.models[2:])), corner.shop)
    checked(page)
    assert "<td>–</td>" in page


def test_many_models_are_all_in_the_tables_and_the_best_in_the_drawings(
    corner: Corner, found: Evaluation
) -> None:
    wide = as_many(found, [*BY_NAME, "vitrine"])
    assert len(wide.models) > 15
    drawn = [model.model for model in leading(wide)]
    assert len(drawn) == 7
    assert {"vitrine", "random"} < set(drawn)
    page = render(wide, corner.shop)
    checked(page)
    main = page[page.index('id="models"') : page.index("Further metrics")]
    rows = re.findall(r'<th scope="row">.*?</svg>([^<]+)</th>', main)
    assert rows == [*BY_NAME, "vitrine"]
    assert 'class="upright"' in page


def test_chance_is_never_the_best_of_a_column(found: Evaluation) -> None:
    for grid in (table.main(found, 10), table.cold_and_warm(found, "ndcg@10")):
        rows = {row.name: row for row in grid.rows}
        assert not any(cell.best for cell in rows["random"].cells)
        assert any(cell.best for row in rows.values() for cell in row.cells)


def test_the_tables_of_a_length_hold_every_metric_once(found: Evaluation) -> None:
    names = {head.name for head in table.main(found, 10).heads}
    more = {head.name for head in table.further(found, 10).heads}
    assert not names & more
    measured = {name for name in found.models[0].metrics if name.endswith("@10") or "@" not in name}
    assert len(names) + len(more) == len(measured)


def as_many(found: Evaluation, names: list[str]) -> Evaluation:
    """The same results under other names, as if so many models had been evaluated."""
    own: dict[str, ModelResult] = {model.model: model for model in found.models}
    rankings, values = dict(found.behind.rankings), dict(found.behind.values)
    for name in names:
        rankings.setdefault(name, rankings["popularity"])
        values.setdefault(name, values["popularity"])
    models = tuple(replace(own.get(name, own["popularity"]), model=name) for name in names)
    behind = replace(
        found.behind,
        rankings={name: rankings[name] for name in names},
        values={name: values[name] for name in names},
    )
    return replace(found, models=models, behind=behind)

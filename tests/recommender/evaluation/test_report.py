from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from data.records import CatalogueRow, PhotoRef, Product
from data.shop import Shop
from recommender.evaluation import table
from recommender.evaluation.evaluate import evaluate, evaluate_dataset
from recommender.evaluation.examples import examples
from recommender.evaluation.report import write_report
from recommender.evaluation.result import Evaluation
from tests.recommender.conftest import Corner, build_corner
from tests.recommender.makers import data_of, items_of, shop_like


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
    dataset_first = evaluate(made.shop, made.index)
    made.shop.put_rows(rows, folder)
    made.__dict__["found"] = dataset_first
    yield made
    made.shop.close()


@pytest.fixture(scope="module")
def found(corner: Corner) -> Evaluation:
    return corner.__dict__["found"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def page(corner: Corner, found: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(found, corner.shop, tmp_path_factory.mktemp("out") / "deep").read_text("utf-8")


class Tags(HTMLParser):
    """Opened and closed tags must match."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_opens_without_a_network(page: str) -> None:
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in page


def test_the_page_is_well_formed(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []


def test_words_from_the_shop_are_escaped(page: str) -> None:
    assert "<b>thing" not in page
    assert "&lt;b&gt;thing &amp;" in page


def test_pictures_are_inside_and_a_missing_file_is_said(page: str) -> None:
    assert len(re.findall(r'src="data:image/jpeg;base64,', page)) >= 5
    assert "no photo" in page


def test_all_plots_are_there(page: str) -> None:
    labels = re.findall(r'aria-label="([^"]+)"', page)
    for part in ("NDCG by length", "Recall by length", "paired", "liked before", "before it was shown"):
        assert any(part in label for label in labels), part
    assert "NaN" not in page
    assert ">nan<" not in page


def test_json_beside_it_has_the_same_figures(corner: Corner, found: Evaluation, tmp_path: Path) -> None:
    write_report(found, corner.shop, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(found.as_json()))


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


def test_a_withheld_headline_is_shown_as_such(tmp_path: Path) -> None:
    shop = Shop.create(tmp_path / "shop")
    small = evaluate_dataset(shop_like(customers=30), "time", ["popularity", "vitrine"])
    page = write_report(small, shop, tmp_path / "out").read_text("utf-8")
    assert "Headline withheld: " in page
    shop.close()


def test_a_report_on_nobody_is_still_a_report(tmp_path: Path) -> None:
    shop = Shop.create(tmp_path / "shop")
    events = [("a", "shoe1", 1.0, float(d)) for d in range(8)] + [
        ("a", "shoe1", 1.0, 9.0),
        ("a", "shoe1", 1.0, 10.0),
    ]
    nobody = evaluate_dataset(data_of(items_of(), events), "time", ["popularity", "vitrine"])
    assert nobody.customers == 0
    page = write_report(nobody, shop, tmp_path / "out").read_text("utf-8")
    assert "who only came back" in page
    shop.close()


def test_chance_is_never_the_best_of_a_column(found: Evaluation) -> None:
    for cells in (table.main(found, 10), table.slices(found, "ndcg@10")):
        rows = {row.name: row for row in cells.rows}
        assert not any(cell.best for cell in rows["random"].cells)
        assert any(cell.best for row in rows.values() for cell in row.cells)

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from data.shop import Shop
from service.http.app import create_app
from service.settings import Settings
from tests.service.http.asking import picture, upload
from tests.service.page.conftest import HOSTILE
from tests.service.page.test_access import PAGES

QUOTED_HOSTILE = HOSTILE.replace("<", "%3C").replace(">", "%3E").replace('"', "%22").replace("/", "%2F")


class Tags(HTMLParser):
    """Collects tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(text: str, name: str) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in Tags(text).found if tag == name]


def products_of(text: str) -> list[str]:
    """Products that tiles of a page link to, in order."""
    grid = text[text.index('<ul class="grid') :]
    return re.findall(r'<li class="tile[^>]*>\s*<a href="/products/([^"]+)"', grid)


@pytest.mark.parametrize("address", [*PAGES, "/rules"])
def test_no_two_elements_of_a_page_have_one_id(visitor: TestClient, address: str) -> None:
    ids = [attributes["id"] for _, attributes in Tags(visitor.get(address).text).found if "id" in attributes]
    assert ids
    assert len(ids) == len(set(ids))


def test_browse_shows_products_by_pages(visitor: TestClient) -> None:
    first = visitor.get("/")
    assert first.status_code == 200
    assert len(products_of(first.text)) == 10
    assert "25 products" in first.text
    second = visitor.get("/?page=2").text
    assert not set(products_of(first.text)) & set(products_of(second))
    assert 'rel="prev"' in second
    assert 'rel="next"' in second


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("text=red+disc", 1),
        ("text=disc-red", 1),
        ("category=bar", 6),
        ("low=10&high=12", 3),
        ("stock=1&category=disc", 5),
        ("where=colour+%3D+%22blue%22", 4),
        ("where=colour+%3D+%22blue%22+or+colour+%3D+%22red%22&category=bar", 2),
        ("text=%22", 1),
        ("text=%5C", 0),
        ("low=10,5&high=11", 1),
    ],
)
def test_browse_filters(visitor: TestClient, query: str, count: int) -> None:
    response = visitor.get(f"/?{query}")
    assert response.status_code == 200
    assert f">{count} product" in response.text
    assert len(re.findall(r'<li class="tile', response.text)) == count


def test_links_to_further_pages_keep_the_filter(visitor: TestClient) -> None:
    text = visitor.get("/?stock=1&where=price+%3E+1").text
    (link,) = [a["href"] for a in tags(text, "a") if a.get("rel") == "next"]
    assert link is not None
    assert {"stock=1", "where=price+%3E+1", "page=2"} <= set(link.split("?")[1].split("&"))


@pytest.mark.parametrize("query", ["where=nonsense+%3D+1", "low=cheap", "where=(("])
def test_a_filter_that_cannot_be_read_is_said_on_the_page(visitor: TestClient, query: str) -> None:
    response = visitor.get(f"/?{query}")
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert len(products_of(response.text)) == 10


@pytest.mark.parametrize(
    ("address", "says", "kept"),
    [
        ("/products/disc-red?aspect-shape=0&aspect-colour=0", "above 0", 'name="aspect-shape"'),
        ("/products/disc-red?where=price+%3C", "the filter needs", 'value="price &lt;"'),
        ("/products/disc-red?diversity=101&stock=1", "between 0 and 100", 'name="stock" value="1" checked'),
        ("/search?like=disc-red&where=price+%3C", "the filter needs", 'value="price &lt;"'),
        ("/search?like=disc-red&where=hue+%3D+1", "no column", 'name="like" value="disc-red"'),
        ("/search?like=disc-red&unlike=bar-red&aspect-shape=x", "between 0 and 100", 'value="bar-red"'),
        ("/search?diversity=" + "0" * 5000, "between 0 and 100", 'id="photo"'),
    ],
)
def test_a_slip_in_the_controls_is_said_beside_them(
    visitor: TestClient, address: str, says: str, kept: str
) -> None:
    response = visitor.get(address)
    assert response.status_code == 422
    said = re.search(r'<p class="problem" id="problem" role="alert">(.*?)</p>', response.text)
    assert said is not None
    assert says in said[1]
    assert kept in response.text
    assert 'id="looks"' in response.text
    assert not products_of(response.text)


def test_a_product_with_its_look_alikes(visitor: TestClient) -> None:
    text = visitor.get("/products/disc-red").text
    assert "<h1>red disc</h1>" in text
    found = products_of(text)
    assert "disc-red" not in found
    assert len(found) == 23
    assert {i["name"] for i in tags(text, "input") if i["type"] == "range"} == {
        "aspect-shape",
        "aspect-colour",
        "diversity",
    }


def test_sliders_work_without_javascript(visitor: TestClient) -> None:
    by_colour = products_of(visitor.get("/products/disc-red?aspect-shape=0&aspect-colour=100").text)
    assert by_colour[0].endswith("-red")
    in_stock = products_of(visitor.get("/products/disc-red?stock=1").text)
    assert in_stock
    assert not [one for one in in_stock if one.endswith("-black")]
    assert visitor.get("/products/disc-red?aspect-shape=x").status_code == 422
    assert visitor.get("/products/disc-red?aspect-shape=101").status_code == 422
    assert visitor.get("/products/disc-red?aspect-shape=0&aspect-colour=0").status_code == 422


@pytest.mark.parametrize(("query", "count"), [("is-colour=red", 4), ("is-colour=red&is-tone=cool", 0)])
def test_any_column_of_words_can_be_picked(visitor: TestClient, query: str, count: int) -> None:
    text = visitor.get(f"/?{query}").text
    assert f">{count} product" in text
    assert {s["name"] for s in tags(text, "select")} == {"category", "is-colour", "is-tone"}
    assert "<option selected>red</option>" in text


def test_a_search_by_examples_stands_in_its_address(visitor: TestClient) -> None:
    text = visitor.get("/search?like=disc-red&unlike=bar-red&where=price+%3E+1&stock=1").text
    found = products_of(text)
    assert found
    assert not {"disc-red", "bar-red"} & set(found)
    more = next(str(a["href"]) for a in tags(text, "a") if a.get("data-step") == "like" and "href" in a)
    assert more.startswith(f"/search?like=disc-red&like={found[0]}&unlike=bar-red&")
    assert "where=price" in more
    for wrong, status in (("like=nobody", 404), ("unlike=disc-red", 422), ("like=disc-red&where=((", 422)):
        assert visitor.get(f"/search?{wrong}").status_code == status


def test_why_says_what_the_search_says(visitor: TestClient) -> None:
    first = visitor.get("/v1/products/disc-red/similar?k=1").json()["hits"][0]
    text = visitor.get(f"/why?product=disc-red&other={first['product_id']}").text
    assert f"agree by {first['score']:.2f}" in text
    shares = [int(one) for one in re.findall(r'class="number">(\d+)%', text)]
    assert sum(shares) in (99, 100, 101)
    assert f"/v1/photos/{first['photo_id']}?size=480" in text
    for name, cosine in first["aspects"].items():
        assert re.search(rf'<th scope="row">{name}</th><td>{cosine:.2f}</td>', text)
    assert visitor.get("/why?product=disc-red&other=nobody").status_code == 404
    assert visitor.get("/why?product=disc-red&other=hostile").status_code == 409
    assert visitor.get("/why?other=disc-red").status_code == 422


def test_the_state_of_the_index_and_what_was_rejected(visitor: TestClient) -> None:
    text = visitor.get("/reports").text
    assert "1.000 of the exact ten nearest" in text
    assert "48 photos of 24 products" in text
    assert "autumn.csv" in text
    assert "<strong>25</strong>" in text
    assert "the first 20" in text
    assert "sku-2" in text
    assert "the price is not a plain number" in text


def test_a_product_without_photo_says_so(visitor: TestClient) -> None:
    response = visitor.get("/products/hostile")
    assert response.status_code == 200
    assert "no photo" in response.text


def test_search_by_photo_without_javascript(visitor: TestClient, catalogue: Path) -> None:
    assert visitor.get("/search").status_code == 200
    photo = (catalogue.parent / "cross-blue.jpg").read_bytes()
    response = visitor.post("/search", files=upload(photo))
    assert products_of(response.text)[0] == "cross-blue"
    assert visitor.post("/search", files=upload(picture())).status_code == 200


def test_a_search_by_photo_goes_by_the_controls_in_its_address(visitor: TestClient, catalogue: Path) -> None:
    photo = (catalogue.parent / "cross-blue.jpg").read_bytes()
    found = products_of(visitor.post("/search?alike=0&where=category+%3D+'disc'", files=upload(photo)).text)
    assert found
    assert all(product.startswith("disc") for product in found)


@pytest.mark.parametrize(
    ("address", "sent"),
    [("/search", b"no photo"), ("/search?aspect-shape=x", picture()), ("/search?where=((", picture())],
)
def test_what_is_wrong_with_a_photo_or_the_sliders_stands_above_the_form_that_was_sent(
    visitor: TestClient, address: str, sent: bytes
) -> None:
    refused = visitor.post(address, files=upload(sent))
    assert refused.status_code == 422
    (problem,) = [one for one in tags(refused.text, "p") if one.get("id") == "problem"]
    assert "hidden" not in problem
    assert [one["action"] for one in tags(refused.text, "form") if one.get("id") == "drop"] == ["/search"]
    assert not products_of(refused.text)


def test_customers(visitor: TestClient) -> None:
    text = visitor.get("/customers").text
    assert "/customers/customer-00" in text
    found = visitor.get("/customers?id=customer-07", follow_redirects=False)
    assert found.status_code == 303
    assert found.headers["location"] == "/customers/customer-07"


def test_a_customer_with_history_and_reasons(visitor: TestClient) -> None:
    text = visitor.get("/customers/customer-00").text
    assert "8 interactions" in text
    assert "bought" in text
    assert "<summary>why</summary>" in text
    found = products_of(text)
    assert len(found) == len(set(found)) > 10
    assert 'id="tastes"' in text
    assert 'id="voices"' in text


def test_a_stranger_gets_a_flagged_page(visitor: TestClient) -> None:
    text = visitor.get("/customers/nobody%20knows").text
    assert "Not personal" in text
    assert 'id="tastes"' not in text
    assert "Nothing to say of this customer." in text


def test_reports(visitor: TestClient) -> None:
    assert "/reports/evaluation-time/report.html" in visitor.get("/reports").text
    report = visitor.get("/reports/evaluation-time/report.html")
    assert "how good" in report.text
    assert report.headers["content-security-policy"].startswith("sandbox")
    assert visitor.get("/reports/evaluation-time/report.json").json() == {}
    for path in ("..%2Fshop.db", "../shop.json", "..%2F..%2Fx.html", "none.html", "%00.html", "/etc/passwd"):
        assert visitor.get(f"/reports/{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/?page=2",
        "/products/hostile",
        f"/customers/{QUOTED_HOSTILE}",
        "/customers",
        f"/?category={QUOTED_HOSTILE}",
    ],
)
def test_what_the_shop_says_is_never_html(visitor: TestClient, path: str) -> None:
    response = visitor.get(path)
    assert response.status_code == 200
    assert "<script>window" not in response.text
    assert "<img src=x" not in response.text
    assert "49" not in re.findall(r"'(\d\d)<", response.text)
    assert all("src" in script for script in tags(response.text, "script"))
    assert not [one for _, one in Tags(response.text).found if any(name.startswith("on") for name in one)]
    assert not [one for _, one in Tags(response.text).found if "style" in one]


@pytest.mark.parametrize(
    "path", ["/", "/products/disc-red", "/search", "/customers/customer-00", "/reports", "/docs"]
)
def test_pages_take_nothing_from_other_hosts(visitor: TestClient, path: str) -> None:
    response = visitor.get(path)
    for name, one in Tags(response.text).found:
        for attribute in ("src", "href", "action"):
            value = one.get(attribute) or "/"
            assert value.startswith(("/", "#")), (name, value)
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.text.count("<h1") == 1
    for img in tags(response.text, "img"):
        assert "alt" in img


def test_assets_exist_and_change_their_address(visitor: TestClient) -> None:
    text = visitor.get("/").text
    found = re.findall(r'"(/static/[^"]+)"', text)
    assert len(found) >= 3
    for address in found:
        assert "?v=" in address
        assert visitor.get(address).status_code == 200


def test_an_empty_shop_says_which_command_to_run(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    with TestClient(create_app(Settings(shop=shop)), headers={"accept": "text/html"}) as client:
        missing = client.get("/")
        assert missing.status_code == 503
        assert "vitrine index CATALOGUE" in missing.text
        Shop.create(shop).close()
        empty = client.get("/")
        assert empty.status_code == 200
        assert f"--shop {shop}" in empty.text
        assert "vitrine demo" in empty.text
        for path in ("/customers", "/reports"):
            assert client.get(path).status_code == 200
        assert "vitrine index" in client.get("/search").text
        assert client.get("/customers/x").status_code in (200, 409)

"""People sign in with a key: the cookie, what it is good for, and who cannot use it."""

from __future__ import annotations

import html
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi.testclient import TestClient

from service.http.app import create_app
from service.http.sessions import COOKIE, Sessions
from service.keys import Key, KeyFile, Role, key_file
from service.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OWN = {"sec-fetch-site": "same-origin"}
HTML = {"accept": "text/html"}


@pytest.fixture
def file(indexed: Path, tmp_path: Path) -> KeyFile:
    return key_file(Path(shutil.copytree(indexed, tmp_path / "secret-name")))


@pytest.fixture
def person(file: KeyFile) -> Iterator[TestClient]:
    file.add("spare", Role.ADMIN)
    app = create_app(Settings(shop=file.path.parent))
    with TestClient(app, headers=HTML, follow_redirects=False, client=("203.0.113.9", 5)) as client:
        yield client


def sign_in(person: TestClient, key: str, back: str = "/", **headers: str) -> httpx.Response:
    return person.post("/sign-in", data={"key": key, "back": back}, headers={**OWN, **headers})


def test_a_visitor_is_led_to_the_form_and_back(person: TestClient, file: KeyFile) -> None:
    led = person.get("/products/disc-red?where=price%20%3E%201")
    assert led.status_code == 303
    there = led.headers["location"]
    assert there.startswith("/sign-in?back=/products/disc-red%3F")
    form = person.get(there)
    assert form.status_code == 200
    assert 'type="password"' in form.text
    assert "secret-name" not in form.text  # strangers learn nothing of the shop
    back = form.text.split('name="back" value="')[1].split('"')[0].replace("&gt;", ">")
    done = sign_in(person, file.add("anna", Role.READ), back)
    assert done.status_code == 303
    assert done.headers["location"] == "/products/disc-red?where=price%20%3E%201"
    cookie = done.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # plain HTTP
    assert done.headers["cache-control"] == "no-store"
    page = person.get(done.headers["location"])
    assert page.status_code == 200
    assert "Sign out" in page.text
    assert "signed in as anna" in page.text


@pytest.mark.parametrize("path", ["/products/caf%C3%A9", "/products/100%25", "/products/a%5Cb"])
def test_a_page_is_found_again_whatever_its_id_is(person: TestClient, file: KeyFile, path: str) -> None:
    query = "?where=title%20%3D%20%22%C3%A9%22&stock=1"
    form = person.get(person.get(path + query).headers["location"])
    back = html.unescape(form.text.split('name="back" value="')[1].split('"')[0])
    done = sign_in(person, file.add("anna", Role.READ), back)
    assert done.headers["location"] == path + query


def test_a_wrong_key_is_said_and_gives_no_cookie(person: TestClient, file: KeyFile) -> None:
    refused = sign_in(person, "vitrine_admin_wrong")
    assert refused.status_code == 401
    assert "does not know this key" in refused.text
    assert "vitrine_admin_wrong" not in refused.text
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:x",
        "/\t/evil.example",
        "///evil.example",
        "/é",
    ],
)
def test_nobody_is_led_elsewhere(person: TestClient, file: KeyFile, back: str) -> None:
    done = sign_in(person, file.add("anna", Role.READ), back)
    assert done.headers["location"] == "/"
    form = person.get("/sign-in", params={"back": back})
    assert 'name="back" value="/"' in form.text


def test_over_https_the_cookie_stays_there(file: KeyFile) -> None:
    secret = file.add("anna", Role.READ)
    settings = Settings(shop=file.path.parent, trusted_proxies=("10.0.0.1",))
    for client, forwarded, secure in (
        ("10.0.0.1", {"x-forwarded-proto": "https"}, True),
        ("10.0.0.2", {"x-forwarded-proto": "https"}, False),
        ("10.0.0.1", {}, False),
    ):
        with TestClient(create_app(settings), follow_redirects=False, client=(client, 1)) as person:
            cookie = sign_in(person, secret, "/", **forwarded).headers["set-cookie"].lower()
        assert ("secure" in cookie) == secure


def test_the_cookie_has_the_role_of_its_key(person: TestClient, file: KeyFile) -> None:
    sign_in(person, file.add("anna", Role.WRITE))
    assert person.put("/v1/products/x", json={"title": "x"}, headers=OWN).status_code == 200
    assert person.delete("/v1/customers/customer-01", headers=OWN).status_code == 403


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://testserver"}, True),
        ({"origin": "http://testserver.evil.example"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
def test_a_write_with_the_cookie_comes_from_our_own_pages(
    person: TestClient, file: KeyFile, headers: dict[str, str], allowed: bool
) -> None:
    sign_in(person, file.add("anna", Role.ADMIN))
    wrote = person.put("/v1/products/x", json={"title": "x"}, headers=headers)
    assert wrote.status_code == (200 if allowed else 403), wrote.text
    assert person.get("/v1/products", headers=headers).status_code == 200
    out = person.post("/sign-out", headers=headers)
    assert out.status_code == (303 if allowed else 403)
    person.cookies.clear()
    other = person.post("/sign-in", data={"key": "x"}, headers=headers)
    assert other.status_code == (401 if allowed else 403)


def test_signing_out_and_a_removed_key_end_the_session(person: TestClient, file: KeyFile) -> None:
    sign_in(person, file.add("anna", Role.READ))
    assert person.get("/").status_code == 200
    kept = person.cookies[COOKIE]
    out = person.post("/sign-out", headers=OWN)
    assert out.status_code == 303
    assert COOKIE not in person.cookies
    assert person.get("/").status_code == 303
    person.cookies.set(COOKIE, kept)
    file.remove("anna")
    assert person.get("/").status_code == 303
    file.add("anna", Role.READ)  # another key under the same name
    assert person.get("/").status_code == 303


def test_scripts_are_told_with_a_status(person: TestClient) -> None:
    assert person.get("/v1/products").status_code == 401
    assert person.post("/search").status_code == 401


def test_a_key_in_a_header_counts_before_the_cookie(person: TestClient, file: KeyFile) -> None:
    sign_in(person, file.add("anna", Role.ADMIN))
    assert person.get("/v1/products", headers={"x-api-key": "wrong"}).status_code == 401


def test_forged_and_old_cookies() -> None:
    sessions = Sessions(Settings())
    key = Key("anna", Role.READ, "sha256:" + "1" * 64, "")
    other = Key("bob", Role.ADMIN, "sha256:" + "2" * 64, "")
    cookie = sessions.cookie_for(key)
    assert sessions.key_of(cookie, (key, other)) == key
    name, until, signature = cookie.split("~")
    for forged in (
        "",
        "~~",
        cookie[:-1],
        cookie + "x",
        f"bob~{until}~{signature}",
        f"{name}~{int(until) + 1}~{signature}",
        f"{name}~{until}~",
        f"{name}~-1~{signature}",
        f"{name}~²~{signature}",
        "x" * 5000,
        "é~1~é",
    ):
        assert sessions.key_of(forged, (key, other)) is None
    assert sessions.key_of(cookie, (other,)) is None
    assert Sessions(Settings()).key_of(cookie, (key,)) is None  # another secret
    over = Sessions(Settings(session_secret="s" * 32, session_hours=1e-9))  # type: ignore[arg-type]
    assert over.key_of(over.cookie_for(key), (key,)) is None


def test_without_keys_there_is_nothing_to_sign_in_to(indexed: Path) -> None:
    with TestClient(create_app(Settings(shop=indexed)), headers=HTML, follow_redirects=False) as person:
        assert person.get("/").status_code == 200
        done = sign_in(person, "anything")
        assert done.status_code == 303
        assert "set-cookie" not in done.headers


@pytest.fixture
def address(file: KeyFile) -> Iterator[str]:
    """A service with keys that listens."""
    import uvicorn

    file.add("spare", Role.ADMIN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        config = uvicorn.Config(create_app(Settings(shop=file.path.parent)), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{free.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def test_a_person_signs_in_works_and_signs_out(browser: Browser, address: str, file: KeyFile) -> None:
    secret = file.add("anna", Role.ADMIN)
    context = browser.new_context()
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(f"{address}/products/disc-red")
    page.get_by_label("Key").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("does not know this key").wait_for()
    page.get_by_label("Key").fill(secret)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/products/disc-red")
    assert page.evaluate("document.cookie") == ""  # out of scripts' reach
    assert page.evaluate("fetch('/v1/products').then((answer) => answer.status)") == 200
    write = "fetch('/v1/customers/nobody', {method: 'DELETE'}).then((answer) => answer.status)"
    assert page.evaluate(write) == 404
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{address}/sign-in")
    assert page.evaluate("fetch('/v1/products').then((answer) => answer.status)") == 401
    context.close()

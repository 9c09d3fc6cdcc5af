"""Slow clients, against the real server: they are cut, and nobody waits for them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from benchmarks.service_process import Service, serving
from service.http.deadline import Deadline

SLOW = 50
HEAD, RECEIVE, SEND = 1.5, 2.5, 1.5
PATIENCE = 30.0
POST = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def service(indexed: Path) -> Iterator[Service]:
    waits = {
        "VITRINE_HEAD_SECONDS": str(HEAD),
        "VITRINE_RECEIVE_SECONDS": str(RECEIVE),
        "VITRINE_SEND_SECONDS": str(SEND),
        "VITRINE_MAX_CONNECTIONS": str(2 * SLOW),
    }
    with serving(indexed, **waits) as running:
        yield running


def connected(service: Service, *sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", service.port), PATIENCE)
    for part in sent:
        connection.sendall(part)
    return connection


def rest(connection: socket.socket) -> bytes:
    """What comes until the server closes; fails where it never does."""
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


def test_health_answers_while_slow_sockets_are_held_and_they_are_cut(service: Service) -> None:
    """Silent ones, halves of heads, and bodies that do not come."""
    kinds: list[tuple[bytes, ...]] = [
        (),
        (b"GET /v1/products HTTP/1.1\r\nHost: loc",),
        (POST + b"Content-Length: 9\r\n\r\n{",),
    ]
    with ExitStack() as held:
        slow = [held.enter_context(closing(connected(service, *kinds[n % 3]))) for n in range(SLOW)]
        assert httpx.get(f"{service.url}/health/live", timeout=PATIENCE).status_code == 200
        assert httpx.get(f"{service.url}/v1/products", timeout=PATIENCE).status_code == 200
        answers = [rest(one) for one in slow]
    for n, answer in enumerate(answers):
        if n % 3 == 2:
            assert answer.startswith(b"HTTP/1.1 408 "), answer
            assert b'"code":"too_slow"' in answer
            assert b"connection: close" in answer.lower()
        else:
            assert answer == b""
    assert httpx.get(f"{service.url}/health/live", timeout=PATIENCE).status_code == 200


def dribble(connection: socket.socket, piece: bytes) -> float:
    """Seconds until the server has enough of a client that sends a piece every tenth of a second."""
    began = time.monotonic()
    connection.settimeout(0.1)
    while time.monotonic() - began < PATIENCE:
        try:
            connection.sendall(piece)
            if not connection.recv(65536):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


def test_a_head_that_dribbles_in_is_cut(service: Service) -> None:
    with closing(connected(service, b"GET / HTTP/1.1\r\nHost: localhost\r\n")) as slow:
        assert dribble(slow, b"X-A: b\r\n") < PATIENCE


def test_a_second_head_that_dribbles_in_is_cut(service: Service) -> None:
    with closing(connected(service, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")) as slow:
        assert slow.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert dribble(slow, b"GET /health/live HTTP/1.1\r\nX-A: b"[:1]) < PATIENCE


def test_a_body_that_is_answered_already_cannot_hold_the_connection(service: Service) -> None:
    """Refused for its method before the body was looked at; the rest of the body dribbles in."""
    refused = POST.replace(b"POST", b"PATCH") + b"Content-Length: 1000000\r\n\r\n"
    with closing(connected(service, refused)) as slow:
        assert slow.recv(65536).startswith(b"HTTP/1.1 405 ")
        assert dribble(slow, b"x") < PATIENCE


def test_a_body_that_dribbles_in_is_answered_with_408(service: Service) -> None:
    with closing(connected(service, POST + b"Transfer-Encoding: chunked\r\n\r\n")) as slow:
        began = time.monotonic()
        slow.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() - began < PATIENCE:
            slow.sendall(b"1\r\n \r\n")
            try:
                answer = slow.recv(65536)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_patient_client_keeps_its_connection(service: Service) -> None:
    with closing(connected(service)) as client:
        for _ in range(3):
            client.sendall(b"GET /health/live HTTP/1.1\r\n")
            client.sendall(b"Host: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b'{"status":"alive"}'):
                part = client.recv(65536)
                assert part, answer
                answer += part
            assert answer.startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_nobody_reads_is_given_up(service: Service) -> None:
    """Many answers are asked for and none is read, until neither side's buffer takes any more."""
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200
    with closing(connected(service)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(ask)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                deaf.send(b"\r\n")
            except OSError:
                return
            time.sleep(0.05)
    raise AssertionError("the connection was held")


def test_connections_beyond_the_limit_are_told_to_come_again(service: Service) -> None:
    with ExitStack() as held:
        for _ in range(2 * SLOW):
            held.enter_context(closing(connected(service)))
        with closing(connected(service, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")) as late:
            answer = rest(late)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1" in answer
    assert b'"code":"overloaded"' in answer


@pytest.mark.parametrize(("rate", "whole"), [(0, True), (20, True), (2_000_000, False)])
def test_after_its_grace_a_body_comes_at_some_rate(
    monkeypatch: pytest.MonkeyPatch, rate: int, whole: bool
) -> None:
    monkeypatch.setattr("service.http.deadline.GRACE_SECONDS", 0.15)
    parts = 30

    async def run() -> tuple[int, int]:
        received = 0

        async def receive() -> Message:
            await asyncio.sleep(0.02)
            return {"type": "http.request", "body": b"x" * 50, "more_body": received < 50 * (parts - 1)}

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal received
            more = True
            while more:
                message = await receive()
                received += len(message["body"])
                more = message["more_body"]

        async def send(_: Message) -> None:
            raise AssertionError("nothing is sent")

        try:
            await Deadline(app, 30, rate)({"type": "http"}, receive, send)
        except HTTPException as error:
            return error.status_code, received
        return 200, received

    status, received = asyncio.run(run())
    assert (status == 200, received == 50 * parts) == (whole, whole)
    assert status in (200, 408)


def test_a_client_that_goes_away_later_is_not_too_slow() -> None:
    """Once the body is there, receive only tells of the client's leaving: there is no hurry."""

    async def run() -> None:
        sent = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Message:
            message: Message | None = next(sent, None)
            if message is None:
                await asyncio.sleep(0.3)
                return {"type": "http.disconnect"}
            return message

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            assert (await receive())["type"] == "http.disconnect"

        async def send(_: Message) -> None:
            raise AssertionError("nothing is sent")

        await Deadline(app, 0.05, 0)({"type": "http"}, receive, send)

    asyncio.run(run())

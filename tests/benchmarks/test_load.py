"""The generator of load: it counts from the intended arrival, and hears whole answers."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from benchmarks.load import Plan, at, drive, get, length_of

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Slow(socketserver.BaseRequestHandler):
    """Answers each request after ten milliseconds, in two pieces."""

    def handle(self) -> None:
        while self.request.recv(65536):
            time.sleep(0.01)
            self.request.sendall(ANSWER[:20])
            self.request.sendall(ANSWER[20:])


@pytest.fixture
def port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_an_answer_is_whole_once_its_body_is() -> None:
    assert length_of(ANSWER[:30]) is None
    assert length_of(ANSWER) == len(ANSWER)
    with pytest.raises(ValueError, match="Content-Length"):
        length_of(b"HTTP/1.1 200 OK\r\n\r\n")


def test_a_share_of_nothing_is_nothing_and_the_whole_is_the_last() -> None:
    assert at([], 0.5) == 0.0
    assert at([1.0, 2.0, 3.0], 0.5) == 2.0
    assert at([1.0, 2.0, 3.0], 1.0) == 3.0


def test_a_closed_loop_asks_as_often_as_it_is_answered(port: int) -> None:
    heard = drive(Plan(port, [get("/a"), get("/b")], 2, None, 0.2, 0.0))
    assert heard.statuses["200"] == len(heard.latencies) <= 2 * 30
    assert min(heard.latencies) >= 0.01


def test_an_open_loop_counts_what_a_request_waited_for_a_connection(port: int) -> None:
    """One connection answers a hundred a second at most; asked for two hundred, the last wait longest."""
    heard = drive(Plan(port, [get("/a")], 1, 200, 0.2, 0.0))
    assert heard.statuses["200"] == 40
    assert heard.behind > 10
    assert heard.latencies[-1] > 0.1 > heard.latencies[0]

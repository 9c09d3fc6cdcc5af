"""SIGTERM with requests in flight: each is answered whole, nobody new gets in, the process leaves in time."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import httpx

from benchmarks.service_process import PATIENCE, Fault, Figures, Service, serving
from data.shop import Shop

LEFT_WITHIN = 10.0


def stop_with_requests_in_flight(
    shop: Path, times: int, requests: int = 20, workers: tuple[int, ...] = (1, 2)
) -> Figures:
    """Stop a service so many times, each time while it has taken requests whose bodies are not whole yet."""
    seconds = []
    with Shop.open(shop) as opened:
        product = next(iter(opened.all_products(1)))[0].product_id
    for number in range(times):
        with serving(shop, "--workers", str(workers[number % len(workers)])) as service:
            seconds.append(_stop_once(service, number, requests, product))
    wanted = times * requests
    with Shop.open(shop) as opened:
        stored = len(opened.history("in-flight"))
    if stored != wanted:
        raise Fault(f"{wanted} interactions were acknowledged, {stored} are stored")
    return {"times": times, "requests": wanted, "left_after_s": round(max(seconds), 2)}


def _stop_once(service: Service, number: int, requests: int, product: str) -> float:
    bodies = [_body(f"{number}-{n}", product) for n in range(requests)]
    taken = [_begin(service.port, body) for body in bodies]
    _wait_until_taken(service.url, requests)
    began = time.monotonic()
    service.terminate()
    _wait_until_closed(service.port)
    for connection, body in zip(taken, bodies, strict=True):
        connection.sendall(body[-1:])
    for connection in taken:
        _check_answer(connection)
    try:
        service.process.wait(PATIENCE)
    finally:
        spent = time.monotonic() - began
    if spent > LEFT_WITHIN:
        raise Fault(f"the service left after {spent:.1f} s: {''.join(service.said[-5:])}")
    return spent


def _body(name: str, product: str) -> bytes:
    event = {
        "event_id": f"in-flight-{name}",
        "customer_id": "in-flight",
        "product_id": product,
        "event": "view",
    }
    return json.dumps({"interactions": [event]}).encode()


def _begin(port: int, body: bytes) -> socket.socket:
    """A request all but its last byte."""
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    head = (
        "POST /v1/interactions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body[:-1])
    return connection


def _wait_until_taken(url: str, requests: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        lines = httpx.get(f"{url}/metrics", timeout=PATIENCE).text.splitlines()
        found = [line for line in lines if line.startswith("vitrine_requests_in_flight ")]
        if found and float(found[0].split()[1]) > requests:  # the one that asks is in flight too
            return
        time.sleep(0.02)
    raise Fault("the requests were never taken")


def _wait_until_closed(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return
        time.sleep(0.02)
    raise Fault("the service went on accepting connections")


def _check_answer(connection: socket.socket) -> None:
    answer = b""
    with connection:
        while part := connection.recv(65536):
            answer += part
    head, _, content = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 ") or json.loads(content or b"{}").get("stored") != 1:
        raise Fault(f"a request that was taken got {answer[:300]!r}")

"""What the service must bear: load, kill -9, swaps of generations, slow clients, and being told to stop.

``python -m benchmarks.faults [--full] [--shop DIR] [--json FILE]``

Without ``--shop`` a small demo shop is made. Every experiment works on a copy, starts the service as a
process of its own, and fails by raising ``Fault`` with what went wrong; else it returns its figures. Without
``--full`` the sizes are those of a smoke test.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from socket import create_connection
from typing import Any

import httpx

from benchmarks.killing import kill_while_writing
from benchmarks.service_process import Fault, Figures, Service, serving
from benchmarks.stopping import stop_with_requests_in_flight
from service.engine import Engine
from service.requests import EventsRequest, IndexRequest, Look, SimilarRequest


def load(shop: Path, connections: int, requests: int, workers: int = 2) -> Figures:
    """So many requests on so many connections: 200, 429, or 503 with Retry-After, and nothing is lost."""
    with Engine.open(shop) as engine:
        products = [one.product_id for one in next(engine.shop.all_products(50))]
        customers = [name for name, _ in engine.customers(50)]
    _allow_files(connections + 500)
    with serving(shop, "--workers", str(workers)) as service:
        began = time.perf_counter()
        counted, seconds = asyncio.run(_ask(service.url, connections, requests, products, customers))
        took = time.perf_counter() - began
    odd = {status: n for status, n in counted.items() if status not in ("200", "429", "503 later")}
    if odd or sum(counted.values()) != requests:
        raise Fault(f"of {requests} requests {dict(counted)} were answered")
    seconds.sort()
    return {
        "requests": requests,
        "connections": connections,
        "statuses": dict(counted),
        "per_second": round(requests / took, 1),
        "p50_ms": round(1000 * seconds[len(seconds) // 2], 1),
        "p99_ms": round(1000 * seconds[int(len(seconds) * 0.99)], 1),
    }


async def _ask(
    url: str, connections: int, requests: int, products: list[str], customers: list[str]
) -> tuple[Counter[str], list[float]]:
    counted: Counter[str] = Counter()
    seconds: list[float] = []
    numbers = iter(range(requests))
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)

    async def client() -> None:
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=120) as asking:
            for number in numbers:
                began = time.perf_counter()
                counted[await _one(asking, number, products, customers)] += 1
                seconds.append(time.perf_counter() - began)

    await asyncio.gather(*(client() for _ in range(connections)))
    return counted, seconds


async def _one(asking: httpx.AsyncClient, number: int, products: list[str], customers: list[str]) -> str:
    product = products[number % len(products)]
    try:
        if number % 10 == 0:
            event = {
                "event_id": f"load-{number}",
                "customer_id": "load",
                "product_id": product,
                "event": "view",
            }
            answer = await asking.post("/v1/interactions", json={"interactions": [event]})
        elif number % 10 == 1 and customers:
            answer = await asking.get(f"/v1/customers/{customers[number % len(customers)]}/recommendations")
        elif number % 10 == 2:
            answer = await asking.get("/v1/products", params={"where": "price < 50", "size": "10"})
        else:
            answer = await asking.get(f"/v1/products/{product}/similar")
    except httpx.TimeoutException:
        return "hung"
    except httpx.TransportError as error:
        return f"lost: {type(error).__name__}"
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and answer.headers.get("retry-after"):
        return "503 later"
    return str(answer.status_code)


def swap_while_reading(shop: Path, swaps: int, readers: int = 10, workers: int = 2) -> Figures:
    """Generations are swapped under readers; before each swap the best hit is deleted.

    Every answer must be the one of some state, and never of a state before the last deletion that was
    acknowledged when the question was asked: else it is mixed or stale.
    """
    with Engine.open(shop) as engine, serving(shop, "--workers", str(workers)) as service:
        asked = next(
            p.product_id for p in next(engine.shop.all_products(50)) if engine.shop.photos_of(p.product_id)
        )
        request = SimilarRequest((Look(product_id=asked),), k=5)
        states = [_hits(engine.similar(request).as_json())]
        reached, faults, answers, stop = [0], [], Counter[int](), threading.Event()

        def read() -> None:
            with httpx.Client(base_url=service.url, timeout=60) as client:
                while not stop.is_set():
                    least = reached[0]
                    answer = client.get(f"/v1/products/{asked}/similar", params={"k": 5})
                    fault = _fault(answer, states, least)
                    if fault:
                        faults.append(fault)
                        return
                    answers[answer.json()["generation"]] += 1

        threads = [threading.Thread(target=read) for _ in range(readers)]
        for thread in threads:
            thread.start()
        try:
            for number in range(1, swaps + 1):
                states.append(_after_deleting(engine, request, states[-1][0][0]))
                reached[0] = number
                built = engine.rebuild_index()
                _wait_for_generation(service, asked, int(str(built["number"])), faults)
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
    if faults:
        complaints = [line for line in service.said if "Traceback" in line]
        raise Fault(f"{faults[0]}; the log: {''.join(complaints[-1:])}")
    return {"swaps": swaps, "answers": sum(answers.values()), "by_generation": dict(sorted(answers.items()))}


def _hits(answer: Any) -> list[tuple[str, float]]:
    return [(hit["product_id"], hit["score"]) for hit in answer["hits"]]


def _after_deleting(engine: Engine, request: SimilarRequest, product: str) -> list[tuple[str, float]]:
    """The answer once a product is gone, found before it goes, so that readers cannot be ahead of it."""
    without = SimilarRequest(request.examples, k=request.k, exclude=frozenset({product}))
    state = _hits(engine.similar(without).as_json())
    engine.delete_product(product)
    return state


def _fault(answer: httpx.Response, states: list[list[tuple[str, float]]], least: int) -> str | None:
    if answer.status_code != httpx.codes.OK:
        return f"{answer.status_code}: {answer.text[:200]}"
    content = answer.json()
    if content["warnings"]:
        return f"a warning: {content['warnings']}"
    hits = _hits(content)
    same = [number for number, state in enumerate(states) if _close(state, hits)]
    if not same:
        return f"a mixed answer: {hits}"
    return None if same[-1] >= least else f"a stale answer: state {same[-1]}, {least} was acknowledged"


def _close(state: list[tuple[str, float]], hits: list[tuple[str, float]]) -> bool:
    """Scores may differ in the last digit from one index to the next."""
    return [p for p, _ in state] == [p for p, _ in hits] and all(
        abs(a - b) < 1e-4 for (_, a), (_, b) in zip(state, hits, strict=True)
    )


def _wait_for_generation(service: Service, product: str, number: int, faults: list[str]) -> None:
    """Until an answer is of the new generation; it must be within a second of the swap."""
    until = time.monotonic() + 20
    while not faults and time.monotonic() < until:
        answer = httpx.get(f"{service.url}/v1/products/{product}/similar", timeout=60)
        if answer.json()["generation"] == number:
            return
    if not faults:
        raise Fault(f"generation {number} was not picked up")


def slow_clients(shop: Path, sockets: int, asked: int = 100, limit_ms: float = 100) -> Figures:
    """Sockets that send a request byte by byte, or none at all, do not keep others waiting."""
    _allow_files(sockets + 500)
    with serving(shop) as service:
        held = [create_connection(("127.0.0.1", service.port), 10) for _ in range(sockets)]
        for number, one in enumerate(held):
            if number % 2:
                one.sendall(b"POST /v1/similar HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n")
        seconds = []
        with httpx.Client(base_url=service.url, timeout=60) as client:
            for _ in range(asked):
                began = time.perf_counter()
                client.get("/health/live").raise_for_status()
                seconds.append(time.perf_counter() - began)
            client.get("/health/ready").raise_for_status()
        for one in held:
            one.close()
    seconds.sort()
    half, most = (1000 * seconds[int(len(seconds) * share)] for share in (0.5, 0.95))
    if most >= limit_ms:
        raise Fault(f"health took {most:.0f} ms at the 95th percentile")
    return {"sockets": sockets, "p50_ms": round(half, 2), "p95_ms": round(most, 2)}


def _allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def experiments(full: bool) -> dict[str, Callable[[Path], Figures]]:
    """By name; each gets a copy of the shop."""
    chosen = random.Random(7)
    return {
        "load": lambda shop: load(shop, 1000 if full else 50, 20_000 if full else 500),
        "kill -9": lambda shop: kill_while_writing(shop, 60 if full else 3, chosen),
        "swaps": lambda shop: swap_while_reading(shop, 20 if full else 3),
        "slow sockets": lambda shop: slow_clients(shop, 200),
        "SIGTERM": lambda shop: stop_with_requests_in_flight(shop, 20 if full else 2),
    }


def main() -> int:
    """Run them all; the exit code is the number that failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the sizes that were promised: some ten minutes")
    parser.add_argument(
        "--only", nargs="*", default=[], choices=list(experiments(False)), help="some of them"
    )
    parser.add_argument("--shop", type=Path, help="a shop to copy; without: a demo shop")
    parser.add_argument("--json", type=Path, help="write the figures here")
    asked = parser.parse_args()
    told: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as place:
        shop = asked.shop or _demo(Path(place) / "demo")
        for name, run in experiments(asked.full).items():
            if asked.only and name not in asked.only:
                continue
            began = time.perf_counter()
            copied = Path(shutil.copytree(shop, Path(place) / "shop"))
            try:
                told[name] = {"ok": True, **run(copied)}
            except Exception as error:  # the others are to be tried all the same
                told[name] = {"ok": False, "fault": f"{type(error).__name__}: {error}"[:1000]}
            shutil.rmtree(copied)
            told[name]["seconds"] = round(time.perf_counter() - began, 1)
            print(f"{name:14} {'ok' if told[name]['ok'] else 'FAULT':6} {json.dumps(told[name])}", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return sum(not one["ok"] for one in told.values())


def _demo(directory: Path) -> Path:
    """Sixty drawn products, indexed with the bundled embedder, and what forty customers did."""
    from data.demo import make_demo

    source = directory.with_name("source")
    make_demo(source, 60, 40, 7, lambda done, total: None)
    with Engine.create(directory) as engine:
        engine.index_catalogue(IndexRequest(source / "catalogue.csv"))
        engine.import_interactions(EventsRequest(source / "interactions.csv"))
    return directory


if __name__ == "__main__":
    sys.exit(main())

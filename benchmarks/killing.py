"""kill -9 at random moments while interactions, products and photos are written; then everything is compared.

What was acknowledged must be there, once; what was not may be there or not, but never twice and never in
part. The database must be sound, and what can be found must be what it holds.
"""

from __future__ import annotations

import io
import random
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.service_process import PATIENCE, Fault, Figures, Service
from service.engine import Engine
from service.requests import Look, SimilarRequest

WRITERS = 4


@dataclass(slots=True)
class Acknowledged:
    """What the service said it has stored. state: product → title, or None once it was deleted; in doubt:
    products of which the last change was not answered.
    """

    events: set[str] = field(default_factory=set)
    state: dict[str, str | None] = field(default_factory=dict)
    photos: dict[str, str] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)


def kill_while_writing(shop: Path, times: int, chance: random.Random, photos: bool = True) -> Figures:
    """Start, write from several threads, kill; so many times. photos: whether some are uploaded too."""
    writers = [Acknowledged() for _ in range(WRITERS)]
    with Engine.open(shop) as engine:
        known = next(engine.shop.all_products(1))[0].product_id
    for number in range(times):
        _one_life(shop, number, writers, known, chance, photos)
        _check_file(shop)
    _check_shop(shop, writers)
    return {
        "times": times,
        "events": sum(len(one.events) for one in writers),
        "products": sum(len(one.state) for one in writers),
        "photos": sum(len(one.photos) for one in writers),
        "unanswered": sum(len(one.doubtful) for one in writers),
    }


def _one_life(
    shop: Path, life: int, writers: list[Acknowledged], known: str, chance: random.Random, photos: bool
) -> None:
    service = Service(shop, "--workers", str(1 + life % 2))
    url = service.wait_until_ready()
    faults: list[str] = []
    if photos:  # so that the embedder is open: else every process would be killed before its first photo
        files = {"photo": ("p.png", _picture("warm"), "image/png")}
        httpx.post(f"{url}/v1/products/{known}/photos", files=files, timeout=PATIENCE).raise_for_status()
    threads = [
        threading.Thread(target=_write, args=(url, f"{life}-{n}", done, known, photos, faults))
        for n, done in enumerate(writers)
    ]
    for thread in threads:
        thread.start()
    threading.Event().wait(chance.uniform(0.02, 0.6))
    service.kill()
    for thread in threads:
        thread.join(PATIENCE)
    if faults:
        raise Fault(faults[0])


def _write(url: str, name: str, done: Acknowledged, known: str, photos: bool, faults: list[str]) -> None:
    """Write until the service is gone."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        number = 0
        while not faults:
            product, touched = f"k-{name}-{number}", ""
            try:
                touched = product
                _say(client.put(f"/v1/products/{product}", json={"title": product}), faults)
                done.state[product] = product
                event = {
                    "event_id": f"e-{product}",
                    "customer_id": "killed",
                    "product_id": known,
                    "event": "view",
                }
                _say(client.post("/v1/interactions", json={"interactions": [event]}), faults)
                done.events.add(f"e-{product}")
                if photos and number % 3 == 1:
                    files = {"photo": ("p.png", _picture(product), "image/png")}
                    told = client.post(f"/v1/products/{product}/photos", files=files)
                    _say(told, faults)
                    done.photos[product] = told.json()["photo_id"]
                elif number % 3 == 2:
                    _say(client.delete(f"/v1/products/{product}"), faults)
                    done.state[product] = None
            except httpx.TransportError:
                done.doubtful.add(touched)
                return
            number += 1


def _say(answer: httpx.Response, faults: list[str]) -> None:
    if not answer.is_success and answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
        faults.append(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}"
        )


def _picture(name: str) -> bytes:
    """A picture of its own for each name."""
    from PIL import Image

    chosen = random.Random(name)
    picture = Image.frombytes("RGB", (8, 8), chosen.randbytes(192)).resize((96, 96))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _check_file(shop: Path) -> None:
    with closing(sqlite3.connect(shop / "shop.db")) as opened:
        [found] = opened.execute("PRAGMA integrity_check").fetchone()
    if found != "ok":
        raise Fault(f"the database is not sound: {found}")


def _check_shop(shop: Path, writers: list[Acknowledged]) -> None:
    with closing(sqlite3.connect(shop / "shop.db")) as opened:
        stored = [name for (name,) in opened.execute("SELECT event_id FROM interactions")]
    if len(stored) != len(set(stored)):
        raise Fault("an interaction is stored twice")
    with Engine.open(shop) as engine:
        for done in writers:
            if lost := done.events - set(stored):
                raise Fault(f"{len(lost)} acknowledged interactions are gone, e.g. {min(lost)}")
            there = engine.shop.products(list(done.state))
            for product, title in done.state.items():
                found = there.get(product)
                if product not in done.doubtful and (found.title if found else None) != title:
                    raise Fault(f"{product} was acknowledged as {title!r} and is {found!r}")
            _check_photos(engine, done)
        _check_index(engine)


def _check_photos(engine: Engine, done: Acknowledged) -> None:
    for product, photo in done.photos.items():
        if not engine.photo_file(photo).is_file():
            raise Fault(f"the photo of {product} is gone")
        hits = engine.similar(SimilarRequest((Look(product_id=product),), k=1)).hits
        if not hits:
            raise Fault(f"{product} cannot be searched")


def _check_index(engine: Engine) -> None:
    """What can be found is what the records say, now and once the index is built anew."""
    space = engine.parts.space()
    wanted = {p for batch in engine.shop.read_vectors(space) for p in batch.product_ids}
    for _ in range(2):
        found = set(engine.parts.index().pinned().products().ids)
        if found != wanted:
            raise Fault(f"index and records differ in {sorted(found ^ wanted)[:5]}")
        engine.rebuild_index()

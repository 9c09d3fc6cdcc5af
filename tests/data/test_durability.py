"""What the shop acknowledged survives the death of the process, at any moment."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from data.shop import Shop
from tests.data.makers import SPACE

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from data.records import Interaction
from data.shop import Shop

shop = Shop.create(Path(sys.argv[1]))
moment = datetime(2024, 1, 1, tzinfo=UTC)
for n in range(100_000):
    shop.put_interactions([Interaction("c", "p", "view", moment + timedelta(seconds=n), event_id=f"e{n}")])
    print(n, flush=True)
"""

ENCODER = """
import sys
from pathlib import Path
from data.records import EncodedPhoto
from data.shop import Shop
from tests.data.makers import SPACE, row, unit_vector, use_space

shop, folder = Shop.create(Path(sys.argv[1])), Path(sys.argv[2])
use_space(shop)
shop.put_rows([row(n, f"p{n:04}", f"{n}.jpg") for n in range(600)], folder)
for batch in shop.pending_photos(SPACE.space, 3):
    done = [EncodedPhoto(p.photo_id, p.path.name, p.size, p.mtime_ns, unit_vector()) for p in batch]
    shop.put_vectors(SPACE.space, done, [])
    print(len(done), flush=True)
"""


def test_acknowledged_events_survive_kill_9(tmp_path: Path) -> None:
    for least in (1, 17, 40):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        acknowledged = -1
        for line in child.stdout:
            acknowledged = int(line)
            if acknowledged >= least:
                child.send_signal(signal.SIGKILL)
                break
        acknowledged = max([acknowledged, *(int(line) for line in child.stdout.read().split())])
        child.wait()
        kept = {entry.event_id for entry in Shop.open(tmp_path).history("c")}
        assert {f"e{n}" for n in range(acknowledged + 1)} <= kept
    assert sqlite3.connect(tmp_path / "shop.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_killed_encoder_leaves_whole_transactions_and_can_be_continued(tmp_path: Path) -> None:
    all_ids = [f"p{n:04}" for n in range(600)]
    for n in range(600):
        (tmp_path / f"{n}.jpg").write_bytes(b"photo")
    command = [sys.executable, "-c", ENCODER, str(tmp_path / "shop"), str(tmp_path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = sum(int(child.stdout.readline()) for _ in range(4))
    child.kill()
    acknowledged += sum(int(line) for line in child.stdout.read().split())
    child.wait()
    watched = Shop.open(tmp_path / "shop")
    counts = watched.counts()
    assert counts["photos_done"] in (acknowledged, acknowledged + 3), "portions of three are committed whole"
    assert counts["photos_done"] < 600, "it was killed on the way"
    assert counts["photos_done"] == counts["vectors"][SPACE.space] == counts["photos"] - counts["pending"]
    waiting = [photo for batch in watched.pending_photos(SPACE.space, 500) for photo in batch]
    assert len(waiting) == counts["pending"]
    assert not {p.photo_id for p in waiting} & set(
        watched.vectors_of_products(SPACE.space, all_ids).photo_ids
    )

"""One writer at a time; the second one learns at once who the first is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from data.errors import ShopBusy
from data.lock import HOLDER_NAME, writer_lock
from data.records import Product
from data.shop import Shop
from tests.data.makers import event

HOLDER = """
import sys
from pathlib import Path
from data.lock import writer_lock
with writer_lock(Path(sys.argv[1]), "vitrine index"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_writer_is_told_who_holds_the_shop(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(ShopBusy) as caught, writer_lock(tmp_path, "me"):
        pass
    assert f"process {child.pid}" in str(caught.value)
    assert "vitrine index" in str(caught.value)
    assert set(caught.value.detail) == {"who", "pid", "command", "since"}
    child.kill()
    child.wait()
    assert (tmp_path / HOLDER_NAME).exists(), "a killed holder leaves its note behind"
    with writer_lock(tmp_path, "me"):
        assert json.loads((tmp_path / HOLDER_NAME).read_text())["pid"] == os.getpid()
    assert not (tmp_path / HOLDER_NAME).exists()


def test_threads_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    told: list[str] = []

    def try_it() -> None:
        try:
            with writer_lock(tmp_path, "second"):
                told.append("held")
        except ShopBusy as error:
            told.append(str(error.detail["who"]))

    with writer_lock(tmp_path, "first"):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    try_it()
    assert told == ["first", "held"]


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), writer_lock(tmp_path, "me"):
        raise RuntimeError
    with writer_lock(tmp_path, "me"):
        pass


def test_a_holder_without_a_readable_note_is_still_respected(tmp_path: Path) -> None:
    with writer_lock(tmp_path, "me"):
        (tmp_path / HOLDER_NAME).write_text("half a no")
        with pytest.raises(ShopBusy, match="another process"), writer_lock(tmp_path, "you"):
            pass


def test_short_writing_needs_no_lock(shop: Shop) -> None:
    with shop.writer("indexing"):
        shop.put_product(Product("p"))
        assert shop.put_interactions([event("c", "p")]).stored == 1
        assert shop.delete_products(["p"]) == 1

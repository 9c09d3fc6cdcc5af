"""The batch pipeline: every photo ends up encoded, reused or rejected; nothing is encoded twice; errors stop
it."""

from __future__ import annotations

import _thread
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from data.records import CatalogueRow, EncodedPhoto, PhotoRef, Product
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.pipeline import WAKE_SECONDS, PipelineOptions, encode_pending
from embedder.progress import Progress
from embedder.registry import open_folder
from embedder.waiting import Work
from tests.embedder.kit import drawn, jpeg


def fill(shop: Shop, photos: Path, contents: Sequence[bytes | None]) -> None:
    """One product per content, p000 …; None writes no file."""
    photos.mkdir(exist_ok=True)
    rows = []
    for i, content in enumerate(contents):
        if content is not None:
            (photos / f"{i:03}.jpg").write_bytes(content)
        rows.append(CatalogueRow(i + 1, Product(f"p{i:03}"), (PhotoRef(f"{i:03}.jpg"),)))
    shop.put_rows(rows, photos)


def stored(shop: Shop, space: str) -> dict[str, np.ndarray]:
    """product id → vector."""
    found = {}
    for batch in shop.read_vectors(space):
        found.update(zip(batch.product_ids, batch.matrix, strict=True))
    return found


def running() -> list[str]:
    """The pipeline's own threads that live; a search that ran before may have left others, which last."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("vitrine-read-", "vitrine-write", "vitrine-test"))]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop.create(tmp_path / "shop")


def test_every_photo_is_stored_as_encode_gives_it(shop: Shop, tiny: Embedder, tmp_path: Path) -> None:
    files = [jpeg(picture) for picture in drawn(21, 90)]
    fill(shop, tmp_path / "photos", files)
    report = encode_pending(shop, tiny)
    assert (report.encoded, report.reused, report.rejected) == (21, 0, 0)
    vectors = stored(shop, tiny.space)
    wanted, errors = tiny.encode_files(files)
    assert not errors
    got = np.stack([vectors[f"p{i:03}"] for i in range(21)])
    np.testing.assert_allclose(got, wanted, atol=2e-3)
    assert set(report.seconds) == {"decode", "encode", "write", "wall"}
    assert all(seconds > 0 for seconds in report.seconds.values())
    assert "21 photos encoded" in report.line()
    stages = {stage.name: stage for stage in report.stages}
    assert {stages[name].photos for name in ("list", "read", "decode", "colours", "network", "commit")} == {
        21
    }
    assert all(stage.seconds > 0 and stage.waited >= 0 for stage in report.stages)
    assert report.seconds["decode"] >= stages["decode"].seconds + stages["read"].seconds


def test_the_same_bytes_are_encoded_once(shop: Shop, tiny: Embedder, tmp_path: Path) -> None:
    a, b = (jpeg(picture) for picture in drawn(2, 90))
    fill(shop, tmp_path / "photos", [a, b] * 20)
    report = encode_pending(shop, tiny)
    assert (report.encoded, report.reused) == (2, 38)
    assert shop.counts()["vectors"] == {tiny.space: 2}
    assert len(stored(shop, tiny.space)) == 40


def test_a_second_run_finds_nothing_to_do_and_new_names_reuse(
    shop: Shop, tiny: Embedder, tmp_path: Path
) -> None:
    files = [jpeg(picture) for picture in drawn(5, 90)]
    fill(shop, tmp_path / "photos", files)
    encode_pending(shop, tiny)
    assert encode_pending(shop, tiny).photos == 0
    other = tmp_path / "more"
    other.mkdir()
    (other / "x.jpg").write_bytes(files[3])
    shop.put_rows([CatalogueRow(1, Product("x"), (PhotoRef("x.jpg"),))], other)
    report = encode_pending(shop, tiny)
    assert (report.encoded, report.reused) == (0, 1)


def test_a_touched_file_is_read_but_not_encoded(shop: Shop, tiny: Embedder, tmp_path: Path) -> None:
    fill(shop, tmp_path / "photos", [jpeg(drawn(1)[0])])
    encode_pending(shop, tiny)
    os.utime(tmp_path / "photos" / "000.jpg", ns=(1, 1))
    report = encode_pending(shop, tiny)
    assert (report.encoded, report.reused) == (0, 1)
    assert encode_pending(shop, tiny).photos == 0


def test_bad_photos_become_rejects_with_reasons(shop: Shop, tiny: Embedder, tmp_path: Path) -> None:
    good = jpeg(drawn(1, 90)[0])
    fill(shop, tmp_path / "photos", [good, b"not a photo", good[: len(good) // 2], None, b"not a photo"])
    report = encode_pending(shop, tiny)
    assert (report.encoded, report.reused, report.rejected) == (1, 0, 4)
    reasons = {r.reject.reason for r in shop.rejects()}
    assert reasons == {"not_an_image", "truncated", "missing_file"}
    assert list(stored(shop, tiny.space)) == ["p000"]


def test_progress_ends_at_the_total(shop: Shop, tiny: Embedder, tmp_path: Path) -> None:
    fill(shop, tmp_path / "photos", [jpeg(picture) for picture in drawn(6)])
    told: list[Progress] = []
    encode_pending(shop, tiny, told.append)
    assert (told[-1].done, told[-1].total, told[-1].encoded) == (6, 6, 6)
    assert told[-1].per_second > 0
    assert told[-1].seconds_left == 0


def test_an_error_while_committing_stops_everything_and_is_raised(
    shop: Shop, tiny: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shop, tmp_path / "photos", [jpeg(picture) for picture in drawn(40, 90)])

    def full(space: str, done: Sequence[EncodedPhoto], failed: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(shop, "put_vectors", full)
    with pytest.raises(OSError, match="disk full"):
        encode_pending(shop, tiny)
    assert not running()


@pytest.mark.parametrize("runtime", ["torch", "auto"])
def test_an_error_while_decoding_is_raised_and_what_was_done_is_kept(
    shop: Shop, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    tiny = open_folder(folder, "tiny", runtime)
    fill(shop, tmp_path / "photos", [jpeg(picture) for picture in drawn(200, 90)])
    real, calls = tiny.prepare, iter(range(1000))

    def breaks_later(source: Path | bytes) -> np.ndarray:
        if next(calls) == 150:
            raise RuntimeError("out of luck")
        return real(source)

    monkeypatch.setattr(tiny, "prepare", breaks_later)
    with pytest.raises(RuntimeError, match="out of luck"):
        encode_pending(shop, tiny)
    assert not running()
    kept = shop.counts()["vectors"].get(tiny.space, 0)
    assert 0 < kept < 200
    monkeypatch.undo()
    report = encode_pending(shop, tiny)
    assert report.encoded == 200 - kept
    assert len(stored(shop, tiny.space)) == 200


def test_an_interruption_keeps_what_was_finished(
    shop: Shop, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one thread feeds the network (as with a GPU): the interrupted thread is the feeding one."""
    tiny = open_folder(folder, "tiny", "torch")
    fill(shop, tmp_path / "photos", [jpeg(picture) for picture in drawn(60, 90)])
    real, calls = tiny.finish, iter(range(1000))

    def interrupted(*args: object) -> np.ndarray:
        if next(calls) == 4:
            raise KeyboardInterrupt
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(tiny, "finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        encode_pending(shop, tiny)
    assert shop.counts()["vectors"][tiny.space] == 4 * tiny.runtime.batch
    assert not running()


def test_an_interruption_stops_workers_that_compute_side_by_side(
    shop: Shop, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = open_folder(folder, "tiny", "openvino")
    assert tiny.runtime.side_by_side
    fill(shop, tmp_path / "photos", [jpeg(picture) for picture in drawn(200, 90)])
    real, calls = tiny.finish, iter(range(1000))

    heard = threading.Event()

    def handler(*_: object) -> None:
        heard.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handler)

    def interrupting(*args: object) -> np.ndarray:
        call = next(calls)
        if call == 4:  # as Ctrl-C does: the main thread is told
            _thread.interrupt_main()
        if call >= 4:
            heard.wait(30)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(tiny, "finish", interrupting)
    with pytest.raises(KeyboardInterrupt):
        encode_pending(shop, tiny)
    signal.signal(signal.SIGINT, before)
    kept = shop.counts()["vectors"][tiny.space]
    assert 4 * tiny.runtime.batch <= kept < 200
    assert not running()
    monkeypatch.undo()
    assert encode_pending(shop, tiny).encoded == 200 - kept


def test_an_interrupted_wait_does_not_take_a_thread_for_ended() -> None:
    waited_for, go_on = threading.Event(), threading.Event()

    def work() -> None:
        waited_for.wait(30)
        _thread.interrupt_main()
        go_on.wait(30)

    thread = Work(work, "vitrine-test")
    thread.start()

    def wait() -> None:
        waited_for.set()
        while not thread.ended:
            thread.wait(WAKE_SECONDS)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            wait()
    finally:
        signal.signal(signal.SIGINT, before)
    assert not thread.ended
    go_on.set()
    thread.wait(30)
    assert thread.ended


def test_more_threads_than_photos(shop: Shop, tiny: Embedder, tmp_path: Path) -> None:
    fill(shop, tmp_path / "photos", [jpeg(drawn(1)[0])])
    assert encode_pending(shop, tiny, options=PipelineOptions(threads=5)).encoded == 1


def test_a_run_killed_between_commits_goes_on_where_the_last_one_was(
    shop: Shop, folder: Path, tmp_path: Path
) -> None:
    """SIGKILL in another process right after its first commit; then the rest here."""
    colours = tmp_path / "colours"
    shutil.copytree(folder, colours)
    text = json.loads((folder / "config.json").read_text())
    text["vitrine"] = {"format": 1, "aspects": [{"name": "colour", "kind": "palette"}]}
    (colours / "config.json").write_text(json.dumps(text))
    fill(shop, tmp_path / "photos", [jpeg(picture) for picture in drawn(400, 24)])
    code = """
        import os, signal, sys
        from pathlib import Path
        from data.shop import Shop
        from embedder.pipeline import encode_pending
        from embedder.registry import open_folder
        kill = lambda progress: os.kill(os.getpid(), signal.SIGKILL)
        encode_pending(Shop.open(Path(sys.argv[1])), open_folder(Path(sys.argv[2]), "colours"), kill)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(shop.directory), str(colours)],
        cwd=Path(__file__).resolve().parents[2],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    embedder = open_folder(colours, "colours")
    kept = shop.counts()["vectors"][embedder.space]
    assert 0 < kept < 400
    report = encode_pending(shop, embedder)
    assert (report.encoded, report.rejected) == (400 - kept, 0)
    assert len(stored(shop, embedder.space)) == 400


def test_an_empty_shop(shop: Shop, tiny: Embedder) -> None:
    assert encode_pending(shop, tiny).photos == 0

"""Processes that read and decode: the same results as threads, whatever becomes of the processes."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from data import rejects
from data.photolimits import PhotoLimits
from data.records import PendingPhoto
from data.shop import Shop
from embedder import process_hands
from embedder.embedder import Embedder
from embedder.hands import FileRead, Hands, Made, OwnHands, Unfit
from embedder.joined import JoinedEmbedder
from embedder.pipeline import PipelineOptions, default_processes, encode_pending
from embedder.process_hands import ProcessHands
from embedder.reading import Claims, Reader, Refused, Seen
from embedder.registry import open_folder
from embedder.shared_photos import memory
from embedder.stages import Stages
from tests.embedder.kit import drawn, jpeg, tiny_folder
from tests.embedder.test_joined import joined_of
from tests.embedder.test_pipeline import fill, stored

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes decode on POSIX only")

LIMITS = PhotoLimits(max_bytes=20_000)
WITH = PipelineOptions(threads=2, limits=LIMITS, processes=True)
WITHOUT = PipelineOptions(threads=2, limits=LIMITS, processes=False)
HEAVY = {"torch", "torchvision", "timm", "faiss", "openvino", "sqlalchemy", "scipy", "pandas", "pyarrow"}


@pytest.fixture(scope="module")
def contents() -> list[bytes | None]:
    """Photos of which some are the same, and some of every kind that cannot be used."""
    files: list[bytes | None] = [jpeg(picture) for picture in drawn(40, 90)]
    good = files[0]
    assert good is not None
    files[7:7] = [good, b"not a photo", good[: len(good) // 2], None, b"not a photo", bytes(30_000), good]
    return files


def filled(folder: Path, contents: Sequence[bytes | None]) -> Shop:
    """A shop with one product per content; None writes no file."""
    shop = Shop.create(folder / "shop")
    fill(shop, folder / "photos", contents)
    return shop


def refused(shop: Shop) -> list[tuple[object, ...]]:
    return sorted((r.reject.reason, r.reject.detail) for r in shop.rejects())


def children() -> list[psutil.Process]:
    """Processes of this one that decode."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # also where it ended and waits to be fetched
            if process_hands.MODULE in child.cmdline():
                found.append(child)
    return found


def descriptors() -> int:
    """Of pipes and shared memory; a shop keeps its database's files open."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one of the listing
            found += os.readlink(link).startswith(("pipe:", "/memfd:vitrine"))
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left(tiny: Embedder) -> Iterator[None]:
    """No process, no zombie, no descriptor."""
    linux = sys.platform == "linux"
    before, had = descriptors() if linux else 0, psutil.Process().children()
    yield
    assert [child for child in psutil.Process().children() if child not in had] == []
    assert not linux or descriptors() == before


@pytest.fixture
def hands(tiny: Embedder) -> Iterator[ProcessHands]:
    made = ProcessHands(tiny, LIMITS, Stages(), pytest.fail)
    yield made
    made.close()


@pytest.fixture
def paths(tmp_path: Path, contents: Sequence[bytes | None]) -> list[Path]:
    """The first dozen of the photos as files."""
    names = []
    for i, content in enumerate(contents[:12]):
        names.append(tmp_path / f"{i:02}.jpg")
        if content is not None:
            names[-1].write_bytes(content)
    return names


def worked(hands: Hands, paths: Sequence[Path]) -> list[object]:
    """All that hands say about these files, comparable."""
    found = list(hands.read(paths))
    usable = [place for place, one in enumerate(found) if isinstance(one, FileRead)]
    made = [
        (one.pixels.tobytes(), one.colours.tobytes()) if isinstance(one, Made) else one
        for one in hands.decode(usable)
    ]
    return [*found, *made]


def test_processes_give_what_threads_give(
    tmp_path: Path, tiny: Embedder, contents: Sequence[bytes | None]
) -> None:
    shops = []
    for name, options in (("with", WITH), ("without", WITHOUT)):
        (tmp_path / name).mkdir()
        shops.append(filled(tmp_path / name, contents))
        report = encode_pending(shops[-1], tiny, options=options)
        assert (report.encoded, report.reused, report.rejected) == (40, 2, 5)
        photos = {stage.name: stage.photos for stage in report.stages}
        assert (photos["read"], photos["decode"], photos["colours"], photos["commit"]) == (45, 40, 40, 47)
        assert all(stage.seconds > 0 for stage in report.stages)
    one, other = (stored(shop, tiny.space) for shop in shops)
    assert one.keys() == other.keys()
    for name, vector in one.items():
        np.testing.assert_allclose(vector, other[name], atol=2e-3)
    assert refused(shops[0]) == refused(shops[1])


def test_known_contents_are_read_but_not_decoded(
    tmp_path: Path, tiny: Embedder, contents: Sequence[bytes | None]
) -> None:
    shop = filled(tmp_path, contents[:5])
    encode_pending(shop, tiny, options=WITH)
    for path in (tmp_path / "photos").iterdir():
        os.utime(path, ns=(1, 1))
    report = encode_pending(shop, tiny, options=WITH)
    assert (report.encoded, report.reused, report.rejected) == (0, 5, 0)
    assert {stage.name: stage.photos for stage in report.stages}["decode"] == 0


def test_hands_of_both_kinds_say_the_same(tiny: Embedder, hands: ProcessHands, paths: Sequence[Path]) -> None:
    wanted = worked(OwnHands(tiny, LIMITS, Stages()), paths)
    assert worked(hands, paths) == wanted
    assert worked(hands, paths[::-1]) != wanted
    assert worked(hands, paths) == wanted


class _Empty:
    """A shop that knows no content."""

    def known_sha(self, space: str, shas: Sequence[str]) -> set[str]:
        return set()


def test_a_group_is_decoded_in_portions_where_memory_is_short_and_files_are_held_within_bounds(
    tiny: Embedder, paths: Sequence[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = worked(OwnHands(tiny, LIMITS, Stages()), paths)
    monkeypatch.setattr(process_hands, "GROUP_BYTES", 3 * 64 * 64 * 3)
    few = ProcessHands(tiny, LIMITS, Stages(), pytest.fail)
    try:
        assert worked(few, paths) == wanted
    finally:
        few.close()
    monkeypatch.setattr("embedder.hands.GROUP_BYTES", 2 * paths[0].stat().st_size)
    own = OwnHands(tiny, LIMITS, Stages())
    assert len(list(own.read(paths))) in (2, 3)
    pending = [PendingPhoto(path.name, path.name, path, None, 0, 0, None) for path in paths]
    said = list(Reader(_Empty(), tiny.space, Claims(), Stages()).read(pending, own))
    assert len(said) == len(paths) - 2  # two are the same as others


def test_a_joined_embedder_is_decoded_for_too(tmp_path: Path, tiny: Embedder, paths: Sequence[Path]) -> None:
    other = open_folder(tiny_folder(tmp_path / "other", seed=1), "other", "torch")
    joined = joined_of("both", [tiny, other])
    assert isinstance(joined, JoinedEmbedder)
    made = ProcessHands(joined, LIMITS, Stages(), pytest.fail)
    try:
        assert worked(made, paths) == worked(OwnHands(joined, LIMITS, Stages()), paths)
    finally:
        made.close()


def test_a_process_killed_in_the_middle_costs_nothing(
    tmp_path: Path,
    tiny: Embedder,
    contents: Sequence[bytes | None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real, kill = Reader._new, [True]

    def killing(*args: object) -> object:
        while kill and children():  # what was read is held by a process that is no more
            kill.clear()
            for child in children():
                os.kill(child.pid, signal.SIGKILL)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "_new", killing)
    shop = filled(tmp_path, contents)
    with caplog.at_level(logging.WARNING):
        report = encode_pending(shop, tiny, options=WITH)
    assert not kill
    assert (report.encoded, report.reused, report.rejected) == (40, 2, 5)
    photos = {stage.name: stage.photos for stage in report.stages}
    assert (photos["read"], photos["decode"], photos["commit"]) == (45, 40, 47)
    assert len(stored(shop, tiny.space)) == 42
    (record,) = caplog.records
    assert "ended unasked" in record.getMessage()


def test_what_was_held_by_a_dead_process_is_read_again_unless_it_changed(
    tiny: Embedder, paths: Sequence[Path]
) -> None:
    told: list[str] = []
    hands = ProcessHands(tiny, LIMITS, Stages(), told.append)
    assert all(isinstance(found, FileRead) for found in hands.read(paths[:4]))
    for child in children():
        child.kill()
    paths[1].write_bytes(paths[2].read_bytes())
    paths[3].unlink()
    wanted = OwnHands(tiny, LIMITS, Stages())
    list(wanted.read(paths[:1]))
    (expected,) = wanted.decode([0])
    kept, changed, gone = hands.decode([0, 1, 3])
    assert isinstance(kept, Made)
    assert isinstance(expected, Made)
    np.testing.assert_array_equal(kept.pixels, expected.pixels)
    assert changed == Unfit(rejects.MISSING_FILE, "the file changed while it was read")
    assert gone == Unfit(rejects.MISSING_FILE, "does not exist")
    assert told == ["ended unasked (exit code -9)"]
    assert worked(hands, paths[4:7]) == worked(OwnHands(tiny, LIMITS, Stages()), paths[4:7])


@pytest.mark.parametrize("what", ["", "/nowhere/python", "/bin/true", "/bin/echo"])
def test_where_none_can_be_started_threads_decode(
    tmp_path: Path,
    tiny: Embedder,
    contents: Sequence[bytes | None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    what: str,
) -> None:
    """No interpreter is known, there is none, it ends at once, it says something else."""
    monkeypatch.setattr(sys, "executable", what)
    shop = filled(tmp_path, contents[:5])
    with caplog.at_level(logging.WARNING):
        assert encode_pending(shop, tiny, options=WITH).encoded == 5
    assert len(caplog.records) == 1


def _fails(error: BaseException) -> Callable[..., None]:
    def fails(*_: object) -> None:
        raise error

    return fails


@pytest.mark.parametrize(
    ("stage", "error"),
    [("put_vectors", OSError("disk full")), ("finish", KeyboardInterrupt()), ("finish", ValueError("odd"))],
)
def test_an_error_elsewhere_ends_the_processes(
    tmp_path: Path,
    tiny: Embedder,
    contents: Sequence[bytes | None],
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    error: BaseException,
) -> None:
    shop = filled(tmp_path, contents)
    monkeypatch.setattr(shop if stage == "put_vectors" else tiny, stage, _fails(error))
    with pytest.raises(type(error)):
        encode_pending(shop, tiny, options=WITH)
    assert children() == []


def test_a_process_does_not_hear_ctrl_c_and_ends_with_the_one_that_asks(
    hands: ProcessHands, paths: Sequence[Path]
) -> None:
    (child,) = children()
    child.send_signal(signal.SIGINT)  # before it has got anywhere
    first = worked(hands, paths)
    child.send_signal(signal.SIGINT)
    assert worked(hands, paths) == first
    code = f"""
        import os, sys
        from data.photolimits import PhotoLimits
        from embedder.preparing import OnePicture
        from embedder.process_hands import _Process
        from pathlib import Path
        process = _Process(OnePicture(64, 64, "bilinear"), PhotoLimits())
        process.read([{str(paths[0])!r}])
        print(process._process.pid, flush=True)
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in code.splitlines())],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    orphan = int(done.stdout)
    for _ in range(200):
        if not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    pytest.fail("the process outlived the one that started it")


def test_a_process_loads_nothing_heavy(
    tiny: Embedder, paths: Sequence[Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    hands = ProcessHands(tiny, LIMITS, Stages(), pytest.fail)
    worked(hands, paths)
    hands.close()
    loaded = {line.split("|")[-1].strip().split(".")[0] for line in capfd.readouterr().err.splitlines()}
    assert {"embedder", "numpy", "PIL"} <= loaded
    assert not loaded & HEAVY


LOUD = """
import hashlib
real = hashlib.sha256
def loud(data):
    print("a library says hello", flush=True)
    return real(data)
hashlib.sha256 = loud
"""


def test_prints_do_not_disturb_it_and_packages_are_found_where_they_are_here(
    tiny: Embedder,
    paths: Sequence[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "sitecustomize.py").write_text(LOUD)
    monkeypatch.syspath_prepend(tmp_path)
    hands = ProcessHands(tiny, LIMITS, Stages(), pytest.fail)
    assert worked(hands, paths) == worked(OwnHands(tiny, LIMITS, Stages()), paths)
    hands.close()
    assert "a library says hello" in capfd.readouterr().err


@pytest.mark.parametrize(("runtime", "enough"), [("torch-cuda", 4), ("openvino", 8), ("torch-cpu", 8)])
def test_processes_are_for_many_cores_and_photos(
    runtime: str, enough: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedder.pipeline.cores", lambda: enough - 1)
    assert not default_processes(1_000_000, runtime)
    monkeypatch.setattr("embedder.pipeline.cores", lambda: enough)
    assert default_processes(1000, runtime)
    assert not default_processes(999, runtime)


def test_a_process_that_hangs_can_be_ended_by_another_thread(tiny: Embedder, paths: Sequence[Path]) -> None:
    told: list[str] = []
    hands = ProcessHands(tiny, LIMITS, Stages(), told.append)
    list(hands.read(paths[:1]))
    for child in children():
        child.suspend()
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.extend(hands.read(paths[:2])), daemon=True)
    thread.start()
    hands.hurry()
    thread.join(20)
    assert got == list(OwnHands(tiny, LIMITS, Stages()).read(paths[:2]))
    assert told == ["ended unasked (exit code -9)"]
    hands.hurry()  # nothing is left to be ended
    hands.close()


def test_packages_of_the_working_directory_are_not_taken(
    tmp_path: Path, tiny: Embedder, paths: Sequence[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = tmp_path / "here" / "data"
    strange.mkdir(parents=True)
    (strange / "__init__.py").write_text("raise SystemExit('another data')")
    monkeypatch.chdir(strange.parent)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    hands = ProcessHands(tiny, LIMITS, Stages(), pytest.fail)
    try:
        assert worked(hands, paths[:3]) == worked(OwnHands(tiny, LIMITS, Stages()), paths[:3])
    finally:
        hands.close()


def test_shared_memory_is_none_of_the_standard_streams() -> None:
    kept = os.dup(0)
    os.close(0)
    try:
        descriptor = memory(100)
        assert descriptor > 2
        assert os.fstat(descriptor).st_size == 100
        os.close(descriptor)
    finally:
        os.dup2(kept, 0)
        os.close(kept)


class _Lost:
    """Hands that read two files alike, and then have the first no more."""

    def read(self, paths: Sequence[Path]) -> Iterator[FileRead | Unfit]:
        return iter([FileRead("a" * 64, 1, 1)] * len(paths))

    def decode(self, wanted: Sequence[int]) -> Iterator[Made | Unfit]:
        return iter([Unfit(rejects.MISSING_FILE, "does not exist")] * len(wanted))

    def close(self) -> None:
        pass


def test_a_photo_that_went_takes_none_with_the_same_bytes_along() -> None:
    claims = Claims()
    pending = [PendingPhoto(name, name, Path(f"{name}.jpg"), None, 0, 0, None) for name in "ab"]
    said = list(Reader(_Empty(), "space", claims, Stages()).read(pending, _Lost()))
    assert said == [Refused("a", rejects.MISSING_FILE, "a.jpg: does not exist")]
    assert claims.take(Seen("b", "a" * 64, 1, 1)), "the next to have these bytes is read"

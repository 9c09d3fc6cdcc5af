"""Every runtime gives the reference's vectors, for any number of photos, alone or in a stream."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from data.errors import UsageError
from embedder.embedder import Embedder
from embedder.registry import open_embedder, open_folder
from embedder.runtime.choose import RUNTIMES, best, cuda_devices, open_runtime
from embedder.runtime.graph import graph_of
from embedder.runtime.openvino_runtime import OpenVinoRuntime
from embedder.runtime.seam import Floats, Runtime, padded
from embedder.runtime.torch_runtime import TorchRuntime
from tests.embedder.kit import cosines, drawn
from tests.real import REAL, needs_real


@pytest.fixture(scope="module", params=["openvino", "torch", pytest.param("cuda", marks=pytest.mark.gpu)])
def runtime(request: pytest.FixtureRequest, tiny: Embedder) -> Runtime:
    """Each of them for the tiny embedder."""
    if request.param == "openvino":
        return OpenVinoRuntime(tiny.network, 4)
    if request.param == "cuda":
        if not cuda_devices():
            pytest.skip("no CUDA GPU")
        from embedder.runtime.cuda_runtime import CudaRuntime

        return CudaRuntime(tiny.network, 4)
    return TorchRuntime(tiny.network, 4)


def test_a_runtime_agrees_with_the_reference(runtime: Runtime, tiny: Embedder) -> None:
    photos = drawn(11)
    wanted = tiny.runtime.encode(photos)
    got = runtime.encode(photos)
    assert runtime.dims == tiny.runtime.dims
    for output, reference in zip(got, wanted, strict=True):
        assert output.dtype == np.float32
        assert cosines(output, reference).min() >= 0.999


@pytest.mark.parametrize("n", [1, 3, 4, 5, 9])
def test_any_number_of_photos(runtime: Runtime, n: int) -> None:
    photos = drawn(9)
    whole = runtime.encode(photos)
    for output, reference in zip(runtime.encode(photos[:n]), whole, strict=True):
        assert output.shape == (n, reference.shape[1])
        assert cosines(output, reference[:n]).min() > 0.9999


def test_a_stream_gives_every_batch_once_under_its_token(runtime: Runtime) -> None:
    photos = drawn(23)
    parts = [(start, photos[start : start + 4]) for start in range(0, 23, 4)]
    seen = {}
    for token, outputs in runtime.stream(iter(parts)):
        assert token not in seen
        seen[token] = outputs
    assert sorted(seen) == [start for start, _ in parts]
    whole = runtime.encode(photos)
    for start, part in parts:
        assert cosines(seen[start][0], whole[0][start : start + len(part)]).min() > 0.9999


def test_threads_that_compute_at_once_get_their_own_photos(runtime: Runtime) -> None:
    parts = [drawn(n, seed=n) for n in (4, 3, 4, 1, 2, 4)]
    got: list[tuple[Floats, ...]] = [()] * len(parts)

    def work(i: int) -> None:
        for _ in range(3):
            got[i] = runtime.compute(parts[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for part, outputs in zip(parts, got, strict=True):
        for output, reference in zip(outputs, runtime.encode(part), strict=True):
            assert output.shape == reference.shape
            assert cosines(output, reference).min() > 0.9999


def test_a_stream_draws_no_further_than_it_must(runtime: Runtime) -> None:
    drawn_parts = []

    def endless():  # type: ignore[no-untyped-def]
        for token in range(10_000):
            drawn_parts.append(token)
            yield token, drawn(4, seed=token)

    stream = runtime.stream(endless())
    next(stream)
    assert len(drawn_parts) < 200
    stream.close()  # type: ignore[attr-defined]


def test_an_error_in_the_source_of_a_stream_comes_out(runtime: Runtime) -> None:
    def breaking():  # type: ignore[no-untyped-def]
        yield 0, drawn(4)
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        list(runtime.stream(breaking()))
    assert runtime.encode(drawn(2))[0].shape[0] == 2


def test_the_same_photos_twice_are_the_same_vectors(runtime: Runtime) -> None:
    first, second = runtime.encode(drawn(4)), runtime.encode(drawn(4))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_python_runs_on_threads_of_openvino(tiny: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    # Freeing a compiled network on such a thread makes it wait for itself, which ends the process.
    runtime = OpenVinoRuntime(tiny.network, 4)
    width, height = tiny.input_size
    photos = drawn(10, width)
    assert photos.shape[1:3] == (height, width)
    before, seen = threading.get_ident(), set()
    real = runtime._outputs

    def outputs(request: object, count: int) -> tuple[Floats, ...]:
        seen.add(threading.get_ident())
        return real(request, count)

    monkeypatch.setattr(runtime, "_outputs", outputs)
    assert len(runtime.encode(photos)[0]) == 10
    assert seen == {before}


def test_padding() -> None:
    photos = drawn(2, 8)
    assert padded(photos, 3).shape == (3, 8, 8, 3)
    np.testing.assert_array_equal(padded(photos, 3)[:2], photos)
    assert padded(photos, 2) is photos


def test_names_of_runtimes(tiny: Embedder) -> None:
    assert best() in RUNTIMES
    with pytest.raises(UsageError, match="none of auto, cuda, openvino, torch"):
        open_runtime(tiny.network, "tpu")
    if not cuda_devices():
        with pytest.raises(UsageError, match="no CUDA GPU"):
            open_runtime(tiny.network, "cuda")


def test_a_damaged_graph_in_the_cache_is_made_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITRINE_CACHE", str(tmp_path))
    network = open_folder(folder, "tiny").network
    graph_of(network)
    (path,) = tmp_path.glob("graphs/*/graph.bin")
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    graph_of(network)
    assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_only_costs_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Embedder
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VITRINE_CACHE", str(tmp_path / "file" / "cache"))
    runtime = OpenVinoRuntime(open_folder(folder, "tiny").network)
    assert cosines(runtime.encode(drawn(2))[0], tiny.runtime.encode(drawn(2))[0]).min() >= 0.999


@needs_real
@pytest.mark.slow
@pytest.mark.parametrize("spec", ["bundled", "mobilenetv2_100"])
def test_on_real_photos_with_trained_weights(spec: str) -> None:
    """Whole vectors nearer than 0.999, and every block near, OpenVINO as it runs here against float32
    torch."""
    if REAL is None:
        raise RuntimeError("needs_real lets this test run only where the data is")
    photos = [
        path
        for name in ("clothing_cc0", "grocery_mit", "fashion_products")
        for path in sorted((REAL / name).rglob("*.jpg"))[::400]
    ]
    where = spec if spec == "bundled" else str(REAL / "weights" / spec)
    fast, reference = open_embedder(where, runtime="openvino"), open_embedder(where, runtime="torch")
    got, wanted = fast.encode_files(photos)[0], reference.encode_files(photos)[0]
    assert len(got) >= 25
    assert (fast.layout.scale(got) * fast.layout.scale(wanted)).sum(1).min() >= 0.999
    for block in fast.layout.slices:
        assert (got[:, block] * wanted[:, block]).sum(1).min() >= 0.998

"""Photos: content decides, pixels come out as people see them, and nothing dangerous is decoded."""

from __future__ import annotations

import io
import os
import struct
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from data.errors import BadPhoto, UsageError
from data.photolimits import PhotoLimits
from data.photos import check_whole, decode, probe, sha256_of, to_rgb
from tests.data.makers import gradient, image_bytes, jpeg

KINDS = ["JPEG", "PNG", "WEBP", "GIF", "BMP"]


def near(pixels: np.ndarray, wanted: np.ndarray, within: float) -> bool:
    return bool(np.abs(pixels.astype(int) - wanted.astype(int)).mean() <= within)


@pytest.mark.parametrize("kind", KINDS)
def test_content_decides_not_the_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photo.pdf"
    options = {"lossless": True} if kind == "WEBP" else {}
    path.write_bytes(image_bytes(gradient(), kind, **options))
    pixels = decode(path)
    assert (pixels.shape, pixels.dtype) == ((30, 40, 3), np.uint8)
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable
    assert near(pixels, np.asarray(gradient()), {"GIF": 8, "JPEG": 6}.get(kind, 0))
    assert probe(path) == (40, 30, kind)
    np.testing.assert_array_equal(decode(path.read_bytes()), pixels)
    assert check_whole(path.read_bytes(), "x") == kind


@pytest.mark.parametrize("kind", KINDS)
def test_resizing_squashes_the_whole_photo(kind: str) -> None:
    data = image_bytes(gradient(400, 300), kind)
    pixels = decode(data, (64, 48))
    assert pixels.shape == (48, 64, 3)
    assert near(pixels, np.asarray(gradient(64, 48)), 8)
    assert decode(data, (10, 90)).shape == (90, 10, 3)
    assert decode(data, (800, 600)).shape == (600, 800, 3)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [None, (60, 20)])
def test_photos_stand_as_their_orientation_says(kind: str, turn: int, size: tuple[int, int] | None) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    data = image_bytes(gradient(), kind, exif=exif, quality=95)
    with Image.open(io.BytesIO(data)) as opened:
        right = ImageOps.exif_transpose(opened).convert("RGB")
    wanted = np.asarray(right if size is None else right.resize(size, Image.Resampling.BILINEAR))
    pixels = decode(data, size)
    assert pixels.shape == wanted.shape
    assert near(pixels, wanted, 5)


@pytest.mark.parametrize("turn", [0, 9, 77])
def test_a_nonsense_orientation_is_passed_over(turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    assert decode(image_bytes(gradient(), "JPEG", exif=exif)).shape == (30, 40, 3)
    assert decode(image_bytes(gradient(), "JPEG", exif=b"Exif\0\0garbage here")).shape == (30, 40, 3)


def test_transparency_lies_on_white() -> None:
    clear = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 5, 10))
    half = Image.new("LA", (10, 10), (0, 128))
    palette = Image.new("P", (10, 10), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.paste(1, (5, 0, 10, 10))
    for kind in ("PNG", "WEBP"):
        pixels = decode(image_bytes(clear, kind, lossless=True))
        assert pixels[5, 2].tolist() == [0, 0, 255]
        assert pixels[5, 8].tolist() == [255, 255, 255]
    assert decode(image_bytes(half, "PNG"))[5, 5].tolist() == [127, 127, 127]
    for kind in ("PNG", "GIF"):
        pixels = decode(image_bytes(palette, kind, transparency=0))
        assert pixels[5, 2].tolist() == [255, 255, 255]
        assert pixels[5, 8].tolist() == [0, 255, 0]
    keyed = image_bytes(Image.new("RGB", (10, 10), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert decode(keyed)[0, 0].tolist() == [255, 255, 255]


def test_edges_of_transparency_are_blended_before_resizing() -> None:
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    image.paste((200, 0, 0, 255), (0, 0, 50, 100))
    pixels = decode(image_bytes(image, "PNG"), (10, 10))
    assert pixels[5, 9].tolist() == [255, 255, 255], "the black under clear pixels must not show"
    assert pixels[5, 0].tolist() == [200, 0, 0]


def test_sixteen_bit_grey_with_a_transparent_value_keeps_its_greys() -> None:
    ramp = np.tile(np.linspace(0, 65535, 256), (16, 1)).astype(np.uint16)
    image = Image.fromarray(ramp)
    data = bytearray(image_bytes(image, "PNG"))
    clear = b"tRNS" + struct.pack(">H", 257)  # the second of the greys
    chunk = struct.pack(">I", 2) + clear + struct.pack(">I", zlib.crc32(clear))
    at = data.index(b"IDAT") - 4
    data[at:at] = chunk
    wanted = np.tile(np.arange(256), (16, 1))
    wanted[:, 1] = 255
    np.testing.assert_array_equal(decode(bytes(data))[..., 0], wanted)


def test_grey_one_bit_sixteen_bit_and_cmyk_become_rgb() -> None:
    ramp = np.tile(np.linspace(0, 65535, 256), (16, 1)).astype(np.uint16)
    pixels = decode(image_bytes(Image.fromarray(ramp), "PNG"))
    assert near(pixels[..., 0], np.tile(np.arange(256), (16, 1)), 1), "scaled, not clipped to white"
    np.testing.assert_array_equal(pixels[..., 0], pixels[..., 2])
    bit = image_bytes(gradient().convert("1"), "PNG")
    assert set(np.unique(decode(bit))) == {0, 255}
    cmyk = decode(image_bytes(gradient().convert("CMYK"), "JPEG", quality=95))
    assert near(cmyk, np.asarray(gradient()), 4)
    grey = decode(image_bytes(gradient().convert("L"), "JPEG", quality=95))
    assert near(grey[..., 1], np.asarray(gradient().convert("L")), 3)


def test_integer_and_float_images_are_scaled() -> None:
    whole = Image.fromarray(np.array([[0, 65535], [32768, 65535]], np.int32))
    assert np.asarray(to_rgb(whole))[..., 0].tolist() == [[0, 255], [128, 255]]
    fractions = Image.fromarray(np.array([[0.0, 1.0], [0.5, np.nan]], np.float32))
    assert np.asarray(to_rgb(fractions))[..., 0].tolist() == [[0, 255], [128, 0]]
    eight = Image.fromarray(np.array([[0.0, 255.0], [7.0, 9.0]], np.float32))
    assert np.asarray(to_rgb(eight))[..., 0].tolist() == [[0, 255], [7, 9]]


def test_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "lime")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = image_bytes(frames[0], kind, save_all=True, append_images=frames[1:])
        assert near(decode(data)[10, 10], np.array([255, 0, 0]), 3), kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_is_truncated_never_half_a_photo(kind: str) -> None:
    data = image_bytes(gradient(200, 200), kind)
    for share in (0.02, 0.3, 0.6, 0.9):
        cut = data[: max(int(len(data) * share), 16)]
        for read in (decode, lambda d: check_whole(d, "x")):
            with pytest.raises(BadPhoto) as caught:
                read(cut)
            assert caught.value.reason in ("truncated", "not_an_image")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"%PDF-1.7", b"\x89PNG", b"BM", b"II*\0" + b"\0" * 50, b"\xff\xd8"]
)
def test_what_is_no_image(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    for source in (data, tmp_path / "a.jpg"):
        with pytest.raises(BadPhoto) as caught:
            decode(source)
        assert caught.value.reason == "not_an_image"
        assert "JPEG, PNG" in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "absent.jpg", tmp_path, tmp_path / "pipe.jpg", tmp_path / "a\0b"):
        with pytest.raises(BadPhoto) as caught:
            decode(path)
        assert caught.value.reason == "missing_file"
    with pytest.raises(BadPhoto):
        sha256_of(tmp_path / "absent.jpg")


def bomb(kind: str, side: int = 16_000) -> bytes:
    """A small file that claims to be very large."""
    if kind == "PNG":

        def chunk(name: bytes, body: bytes) -> bytes:
            return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

        head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    if kind == "GIF":
        return b"GIF89a" + struct.pack("<HH", side, side) + b"\0" * 60
    if kind == "BMP":
        return image_bytes(gradient(), "BMP")[:18] + struct.pack("<ii", side, -side) + b"\0" * 60
    if kind == "WEBP":
        return b"RIFF" + struct.pack("<I", 100) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\0" * 4 + (
            (side - 1).to_bytes(3, "little") * 2
        ) + b"\0" * 60  # fmt: skip
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", side, side)
    return bytes(data)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("error")
def test_the_limit_of_pixels_is_checked_before_anything_is_decoded(kind: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadPhoto) as caught:
            decode(bomb(kind))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert caught.value.reason == "too_many_pixels"
    assert "256,000,000 pixels; the limit is 50,000,000" in str(caught.value)


def test_limits_of_pixels_sides_and_bytes(tmp_path: Path) -> None:
    data = image_bytes(gradient(100, 10), "PNG")
    (tmp_path / "a.png").write_bytes(data)
    for source in (data, tmp_path / "a.png"):
        for limits, reason in (
            (PhotoLimits(max_pixels=999), "too_many_pixels"),
            (PhotoLimits(min_side=11), "too_small"),
            (PhotoLimits(max_bytes=len(data) - 1), "too_many_bytes"),
        ):
            with pytest.raises(BadPhoto) as caught:
                decode(source, limits=limits)
            assert caught.value.reason == reason
        assert decode(source, limits=PhotoLimits(1000, 10, len(data))).shape == (10, 100, 3)
    with pytest.raises(BadPhoto) as caught:
        decode(image_bytes(gradient(7, 50), "PNG"))
    assert caught.value.reason == "too_small"


def test_wishes_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match="bilinear"):
        decode(jpeg(), (8, 8), resample="magic")
    with pytest.raises(UsageError, match="0×8"):
        decode(jpeg(), (0, 8))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_is_a_bad_photo_or_a_photo_never_another_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    whole = bytearray(image_bytes(gradient(24, 24), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    reason, shape = "", (16, 16, 3)
    try:
        shape = decode(bytes(whole), (16, 16), PhotoLimits(max_pixels=1_000_000)).shape
    except BadPhoto as error:
        reason = error.reason
    assert reason in ("", "truncated", "not_an_image", "too_many_pixels", "too_small")
    assert shape == (16, 16, 3)


def test_metadata_is_not_in_the_pixels_nor_anywhere_else() -> None:
    plain, told = jpeg(), image_bytes(gradient(), "JPEG", quality=95, comment=b"secret place")
    np.testing.assert_array_equal(decode(plain), decode(told))


def test_decoding_is_as_fast_as_pillow_and_leaves_other_threads_running() -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (50, 50, 3), np.uint8)).resize((400, 400))
    data = image_bytes(noise, "JPEG", quality=88)

    def plain() -> np.ndarray:
        image = Image.open(io.BytesIO(data))
        image.draft("RGB", (160, 160))
        return np.array(image.convert("RGB").resize((160, 160), Image.Resampling.BILINEAR))

    def fastest(read: object) -> float:
        taken = []
        for _ in range(60):
            began = time.thread_time()
            read()  # type: ignore[operator]
            taken.append(time.thread_time() - began)
        return min(taken)

    assert near(decode(data, (160, 160)), plain(), 0)
    assert fastest(lambda: decode(data, (160, 160))) < 1.5 * fastest(plain)
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: decode(data, (160, 160)), range(16)))
    assert all(np.array_equal(result, results[0]) for result in results)


def test_digests(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256_of(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

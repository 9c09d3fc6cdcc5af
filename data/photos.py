"""Photos: from a file or upload to RGB pixels, safely and fast.

What counts is a file's content, never its name. Pixels come out as people see them: turned as EXIF says,
transparency on white, 16-bit values scaled, the first frame of an animation. Colour profiles are not applied.
Nothing else of a file (place, camera, text) is kept.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from data import rejects
from data.errors import BadPhoto, UsageError
from data.imageheader import FORMATS, Header, read_header
from data.photolimits import PhotoLimits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Source = Path | bytes

_HEADER_BYTES = 64
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)
# A decoder that meets damaged data raises one of these; Pillow documents no narrower set.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
)


_DEFAULT_LIMITS = PhotoLimits()


def decode(
    source: Source,
    size: tuple[int, int] | None = None,
    limits: PhotoLimits = _DEFAULT_LIMITS,
    resample: str = "bilinear",
) -> NDArray[np.uint8]:
    """A photo's pixels: uint8 (H, W, 3), RGB, C-contiguous, writable.

    size: (width, height) to which the whole photo is resized, proportions or not; JPEGs are then decoded at
    the smallest scale that is not below it. None keeps the photo's own size. resample: bilinear, bicubic,
    lanczos, box, hamming or nearest. Raises BadPhoto, whose ``reason`` is a code of ``data.rejects``.
    """
    import numpy as np  # a tenth of a second to import, and probing a file does not need it

    method = _method(resample)
    if size is not None and min(size) < 1:
        raise UsageError(f"photos cannot be resized to {size[0]}×{size[1]} pixels")
    name = _name(source)
    image = _open(source, limits, name)
    turn = _orientation(image) if image.format == "JPEG" else 1
    target = _before_turn(size, turn)
    try:
        if target is not None and image.format == "JPEG":
            image.draft(None, target)
        image.load()
        if image.format != "JPEG":
            turn = _orientation(image)  # in other formats it may stand after the pixels
            target = _before_turn(size, turn)
        pixels = to_rgb(image)
        if target is not None and pixels.size != target:
            pixels = pixels.resize(target, method)
    except _DECODER_ERRORS as error:
        raise _damaged(name, error) from error
    if turn in _TURNS:
        pixels = pixels.transpose(_TURNS[turn])
    return np.array(pixels, dtype=np.uint8, order="C")


def probe(source: Source) -> tuple[int, int, str]:
    """(width, height, format) of a photo as it is stored, from its header alone; raises BadPhoto."""
    image = _open(source, _DEFAULT_LIMITS, _name(source))
    return image.width, image.height, str(image.format)


def check_whole(data: bytes, name: str, limits: PhotoLimits = _DEFAULT_LIMITS) -> str:
    """Decode a photo to its last pixel and return its format; a BadPhoto bears ``name`` in its message."""
    image = _open(data, limits, name)
    try:
        image.load()
        to_rgb(image)
    except _DECODER_ERRORS as error:
        raise _damaged(name, error) from error
    return str(image.format)


def sha256_of(path: Path) -> str:
    """The digest of a file's bytes, read in portions; BadPhoto(missing_file) where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise BadPhoto(rejects.MISSING_FILE, f"{path.name} cannot be read: {error}") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """A loaded image of any mode as RGB: alpha on white, 16-bit and float values scaled to 8 bits."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        return _scaled(image).convert("RGB")
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, seen).convert("RGB")
    if mode == "RGB":
        return image
    return image.convert("RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """Grey of 8 bits; the one value that a file may declare transparent becomes white."""
    import numpy as np

    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    if image.mode == "F":
        low, high = float(values.min()), float(values.max())
        within = low >= 0.0 and high <= 255.0 and high > 1.0
        bottom, top = (0.0, 255.0) if within else (min(low, 0.0), max(high, 1.0))
    else:
        bottom, top = 0.0, 65535.0
    scaled = (values - bottom) * (255.0 / (top - bottom))
    grey = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[values == clear] = 255
    return Image.fromarray(grey)


def _open(source: Source, limits: PhotoLimits, name: str) -> Image.Image:
    """The image with its header read and its limits checked, no pixel decoded yet."""
    data = source if isinstance(source, bytes) else _read(source, limits)
    if len(data) > limits.max_bytes:
        raise _too_many_bytes(name, len(data), limits)
    header = read_header(data[:_HEADER_BYTES])
    if header is None:
        raise BadPhoto(
            rejects.NOT_AN_IMAGE,
            f"{name} is not an image that can be read here: it must be one of {', '.join(FORMATS)}",
        )
    if header.width:
        _check_size(name, header.width, header.height, limits)
    image = _reader(header, data, name)
    _check_size(name, image.width, image.height, limits)
    return image


def _reader(header: Header, data: bytes, name: str) -> Image.Image:
    """Pillow's reader for the format that the content shows (Image.open would go by more than five)."""
    makers: dict[str, Any] = {
        "JPEG": JpegImagePlugin.JpegImageFile,
        "PNG": PngImagePlugin.PngImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
    }
    try:
        image: Image.Image = makers[header.format](io.BytesIO(data))
    except Image.DecompressionBombError as error:
        raise BadPhoto(rejects.TOO_MANY_PIXELS, f"{name}: {error}") from error
    except _DECODER_ERRORS as error:
        raise _damaged(name, error) from error
    return image


def _read(path: Path, limits: PhotoLimits) -> bytes:
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise BadPhoto(rejects.MISSING_FILE, f"{path.name} is not a file")
        if found.st_size > limits.max_bytes:
            raise _too_many_bytes(path.name, found.st_size, limits)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise BadPhoto(rejects.MISSING_FILE, f"{path.name} {why}") from error


def _check_size(name: str, width: int, height: int, limits: PhotoLimits) -> None:
    if width * height > limits.max_pixels:
        raise BadPhoto(
            rejects.TOO_MANY_PIXELS,
            f"{name} has {width}×{height} = {width * height:,} pixels; the limit is {limits.max_pixels:,}",
        )
    if min(width, height) < limits.min_side:
        raise BadPhoto(
            rejects.TOO_SMALL,
            f"{name} has {width}×{height} pixels; both sides need at least {limits.min_side}",
        )


def _too_many_bytes(name: str, size: int, limits: PhotoLimits) -> BadPhoto:
    return BadPhoto(rejects.TOO_MANY_BYTES, f"{name} has {size:,} bytes; the limit is {limits.max_bytes:,}")


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except (*_DECODER_ERRORS, AttributeError):
        return 1  # a photo with damaged EXIF data is shown as it lies
    return found if isinstance(found, int) else 1


def _before_turn(size: tuple[int, int] | None, turn: int) -> tuple[int, int] | None:
    return (size[1], size[0]) if size is not None and turn in _SIDEWAYS else size


def _damaged(name: str, error: Exception) -> BadPhoto:
    return BadPhoto(rejects.TRUNCATED, f"{name} ends early or is damaged: {error}")


def _method(resample: str) -> Image.Resampling:
    try:
        return Image.Resampling[resample.upper()]
    except KeyError:
        known = ", ".join(method.name.lower() for method in Image.Resampling)
        raise UsageError(f"unknown resampling {resample!r}: choose one of {known}") from None


def _name(source: Source) -> str:
    return "the photo" if isinstance(source, bytes) else source.name

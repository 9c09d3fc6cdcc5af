"""What a space needs to be searched: a vector for every photo, and a generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import Damaged, EmptyShop
from data.photolimits import PhotoLimits
from data.shop import Shop
from index.generations import Generations
from index.manifest import Manifest
from service.parts import Parts
from service.progress import Step, Tell
from service.requests import IndexRequest

if TYPE_CHECKING:
    from embedder.embedder import Embedder
    from embedder.progress import EncodeReport, Progress
    from index.generation import GenerationInfo
    from index.view import IndexView


LOOKED_AT = 2_048
"""Photos looked at in one query: where nothing changed, small queries would be most of the work."""


def generations(shop: Shop) -> Generations:
    """The shop's generations."""
    return Generations(shop.directory / "index")


def open_asked(parts: Parts, request: IndexRequest, spec: str) -> Embedder:
    """An embedder with the runtime and the batch that a request asks for."""
    from embedder.registry import open_embedder

    return open_embedder(spec, parts.models, runtime=request.runtime, batch=request.batch)


def waits(shop: Shop, space: str) -> bool:
    """Whether a photo lacks a vector in a space, or might be encoded after all."""
    return next(iter(shop.pending_photos(space, LOOKED_AT)), None) is not None


def encode(shop: Shop, embedder: Embedder, limits: PhotoLimits, tell: Tell) -> EncodeReport:
    """Give every photo that lacks one a vector of the embedder; what was done when killed is kept."""
    from embedder.pipeline import PipelineOptions, encode_pending

    def told(progress: Progress) -> None:
        tell(Step("encoding", progress.done, progress.total, f"{progress.per_second:.0f} photos/s"))

    tell(Step("encoding", 0))
    return encode_pending(shop, embedder, told, PipelineOptions(limits=limits))


def build(
    parts: Parts, space: str, choice: str, wanted_recall: float, tell: Tell, anyhow: bool = False
) -> GenerationInfo | None:
    """A new generation of a space where it has none that holds what the shop holds, of the type asked for.

    None where it has, or where there is nothing to hold. anyhow: build in any case. A generation of another
    space than the one that is searched waits beside.
    """
    if not has_vectors(parts.shop, space):
        return None
    if not anyhow and _up_to_date(parts, space, choice):
        return None
    return generate(parts, space, choice, wanted_recall, tell)


def generate(parts: Parts, space: str, choice: str, wanted_recall: float, tell: Tell) -> GenerationInfo:
    """Build a generation of a space. Raises EmptyShop where it has no vectors."""
    from index.generation import build_generation

    tell(Step("building", 0))

    def told(text: str) -> None:
        tell(Step("building", 0, note=text))

    shop = parts.shop
    searched = shop.state[1] in (None, space)
    return build_generation(shop, shop.space(space), choice, wanted_recall, told, in_use=searched)


def has_vectors(shop: Shop, space: str) -> bool:
    """Whether any photo has a vector in a space."""
    return next(iter(shop.read_vectors(space, batch=1)), None) is not None


def view_of_space(parts: Parts, space: str) -> IndexView:
    """A view of a space as it is now, from the open index if that searches it. EmptyShop, Damaged."""
    from index.search import view_of

    if parts.shop.state[1] in (None, space):
        return parts.index().pinned()
    return view_of(parts.shop, space)


def point(shop: Shop, space: str) -> None:
    """Let CURRENT name the newest generation of the space that is searched, unless it names one of it."""
    known = generations(shop)
    named = known.current()
    mine = known.of_space(space)
    if mine and (not named.isdecimal() or int(named) not in mine):
        known.make_current(mine[0])


def _up_to_date(parts: Parts, space: str, choice: str) -> bool:
    """Whether a space's generation is whole, holds what the shop holds, and is of the type asked for."""
    try:
        view = view_of_space(parts, space)
    except (Damaged, EmptyShop):
        return False
    if not view.generation or view.warnings or view.space != space:
        return False
    shop = parts.shop
    manifest = Manifest.load(generations(shop).path(view.generation))
    changes = shop.changes_since(manifest.revision, limit=1)
    unchanged = not changes.looks_changed and not changes.deleted
    # Photos that were encoded while the space was not searched count as no change of looks.
    return manifest.satisfies(choice) and unchanged and manifest.photos == shop.photos_in(space)

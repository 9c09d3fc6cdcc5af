"""From one space to another, in one step: to one that was filled beside, back again, or away with one.

The current space is one row in the shop's records. Whatever reads the index takes the space from there and a
generation of that space, so a reader is wholly in the old space or wholly in the new one, and so is a shop
whose switch was killed between any two steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import Damaged, EmptyShop, NotReady, UsageError, VitrineError
from data.records import SpaceRecord
from data.shop import Shop
from service.answers import Json, SwitchAnswer
from service.filling import build, generate, generations, point, view_of_space
from service.lookalikes import calibration_of
from service.parts import Parts
from service.progress import Tell
from service.spaces import BESIDE

if TYPE_CHECKING:
    from embedder.embedder import Embedder

WRITER = "vitrine index --switch"
DEFAULT_RECALL = 0.99


def is_beside(shop: Shop, embedder: Embedder, spec: str) -> bool:
    """Whether an embedder fills a space beside the one that is searched.

    It does not where that is its own space, in a shop that is not indexed yet, and where the shop's own
    embedder has other weights than before: the old space can then answer no photo any more.
    """
    current = shop.current_space()
    return current is not None and current.space != embedder.space and current.embedder != spec


def fill_command(shop: Shop, spec: str, switch: bool = False) -> str:
    """What to type to encode what a space lacks, and to switch to it."""
    return f"vitrine index --shop {shop.directory} --embedder {spec}" + (" --switch" if switch else "")


def switch(parts: Parts, tell: Tell) -> SwitchAnswer:
    """Search the space that was last filled beside.

    Raises UsageError where there is none, NotReady where photos that are found now lack a vector there,
    SpaceMismatch (and what opening it raises) where its embedder cannot encode a question.
    """
    shop = parts.shop
    with shop.writer(WRITER):
        target, current = shop.meta(BESIDE), shop.current_space()
        if target is None or current is None or target == current.space:
            raise UsageError(
                f"no space was filled beside the one that is searched; fill one first: "
                f"{fill_command(shop, 'NAME')}"
            )
        parts.embedder(target)
        return adopt(parts, target, tell)


def adopt(parts: Parts, space: str, tell: Tell) -> SwitchAnswer:
    """Search a space that holds all that the current one holds; to be called under ``shop.writer``."""
    shop = parts.shop
    old, new = shop.current_space(), shop.space(space)
    if old is None:
        raise EmptyShop("nothing is indexed yet; run `vitrine index CATALOGUE` first")
    build(parts, space, "auto", DEFAULT_RECALL, tell)
    if not generations(shop).of_space(space):
        raise EmptyShop(f"no photo has a vector in {space}; fill it: {fill_command(shop, new.embedder)}")
    missing = shop.set_current_space(space, complete=True)
    if missing:
        raise NotReady(
            f"{missing} photos that are found in {old.space} have no vector in {space} yet; encode them "
            f"first: {fill_command(shop, new.embedder)} (a missing file: put it back, or take it out of "
            "the catalogue)",
            missing=missing,
        )
    return _switched(parts, old, new, 0)


def switch_back(parts: Parts, tell: Tell) -> SwitchAnswer:
    """Search the space again that was searched before; at once, whatever its photos lack.

    What was added or deleted meanwhile holds there too. Raises UsageError where nothing was searched before,
    EmptyShop where that space has no vectors any more.
    """
    shop = parts.shop
    with shop.writer(WRITER):
        old, new = shop.current_space(), shop.previous_space()
        if old is None or new is None:
            raise UsageError("there is nothing to go back to: this shop has searched one space only")
        if not _whole(parts, new.space):
            generate(parts, new.space, "auto", DEFAULT_RECALL, tell)
        missing = shop.set_current_space(new.space)
        return _switched(parts, old, new, missing)


def drop(parts: Parts, space: str) -> Json:
    """Forget a space that is not searched, with its vectors and generations. Raises UsageError if it is."""
    shop = parts.shop
    with shop.writer(WRITER):
        if shop.space(space).space == shop.state[1]:
            raise UsageError(f"the space {space} is the one that is searched; switch to another one first")
        if shop.meta(BESIDE) == space:
            shop.set_meta(BESIDE, None)
        gone = generations(shop).drop(space)
        vectors = shop.drop_space(space)
    return {"dropped": space, "vectors": vectors, "generations": gone}


def _whole(parts: Parts, space: str) -> bool:
    """Whether a space can be searched as it lies there: its generation is whole, what came since is known."""
    try:
        view = view_of_space(parts, space)
    except (Damaged, EmptyShop):
        return False
    return view.generation > 0 and not view.warnings and view.size == parts.shop.photos_in(space)


def _switched(parts: Parts, old: SpaceRecord, new: SpaceRecord, missing: int) -> SwitchAnswer:
    """What is left to do after the one step that counts, and what a person should know."""
    shop = parts.shop
    point(shop, new.space)
    warnings = []
    if missing:
        warnings.append(
            f"{missing} photos have no vector in {new.space}, so they are not found now; encode them: "
            f"vitrine index --shop {shop.directory}"
        )
    try:
        parts.embedder(new.space)
    except VitrineError as error:
        warnings.append(f"no photo can be searched by until this is mended: {error.message}")
    if calibration_of(shop, old.space) is not None and calibration_of(shop, new.space) is None:
        warnings.append(
            f"the least score of a look-alike is not known in {new.space}: "
            f"vitrine embedders evaluate --shop {shop.directory}"
        )
    return SwitchAnswer(old, new, parts.index().generation, missing, (*warnings, *_untrained(parts)))


def _untrained(parts: Parts) -> tuple[str, ...]:
    """A warning where the recommender was trained on looks of another space."""
    if not (parts.shop.directory / "recommender" / "manifest.json").is_file():
        return ()
    try:
        return parts.recommender().warnings
    except VitrineError as error:
        return (error.message,)

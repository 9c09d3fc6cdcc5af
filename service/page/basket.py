"""Products that a search by several examples shall, and shall not, look like: kept in a page's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request

from data.errors import UsageError
from data.ids import check_id
from service.requests import Look

LIKE, UNLIKE = "like", "unlike"
PAGE = "/search"


@dataclass(frozen=True, slots=True)
class Basket:
    """likes: product ids that the hits shall resemble; unlikes: that they shall not. No id is in both."""

    likes: tuple[str, ...] = ()
    unlikes: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: Request, most: int) -> Basket:
        """What an address names; of an id that it names twice, the last mention counts.

        Raises UsageError for more than ``most`` ids, for one that cannot be an id, and for examples to avoid
        without one to resemble.
        """
        wanted: dict[str, str] = {}
        for name, product_id in request.query_params.multi_items():
            if name in (LIKE, UNLIKE) and product_id:
                check_id(product_id, "product")
                wanted.pop(product_id, None)
                wanted[product_id] = name
        found = cls(
            tuple(product for product, name in wanted.items() if name == LIKE),
            tuple(product for product, name in wanted.items() if name == UNLIKE),
        )
        if len(wanted) > most:
            raise UsageError(f"{len(wanted)} examples, but this service takes at most {most}", limit=most)
        if found.unlikes and not found.likes:
            raise UsageError("say also what the products shall look like: add like=ID to the address")
        return found

    def __bool__(self) -> bool:
        return bool(self.likes or self.unlikes)

    @property
    def ids(self) -> tuple[str, ...]:
        """All products of the basket."""
        return (*self.likes, *self.unlikes)

    @property
    def query(self) -> str:
        """The basket as it stands in an address."""
        return urlencode([*((LIKE, one) for one in self.likes), *((UNLIKE, one) for one in self.unlikes)])

    def without(self, product_id: str) -> Basket:
        """The basket less one product."""
        likes, unlikes = (
            tuple(one for one in side if one != product_id) for side in (self.likes, self.unlikes)
        )
        return Basket(likes, unlikes)

    def link(self, controls: Mapping[str, object], more: str = "", less: str = "") -> str:
        """The address of the search, with controls as they stand, and one more product to (not) resemble."""
        basket = self.without(more or less)
        basket = Basket(
            (*basket.likes, *([more] if more else [])), (*basket.unlikes, *([less] if less else []))
        )
        said = urlencode({name: value for name, value in controls.items() if value not in (None, "", False)})
        query = "&".join(part for part in (basket.query, said) if part)
        return f"{PAGE}?{query}" if query else PAGE

    def looks(self) -> tuple[tuple[Look, ...], tuple[Look, ...]]:
        """Examples and negatives for the engine."""
        likes, unlikes = (tuple(Look(product_id=one) for one in side) for side in (self.likes, self.unlikes))
        return likes, unlikes

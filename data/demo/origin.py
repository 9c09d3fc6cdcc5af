"""From what a demo shop is made: a few numbers, from which all of it can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from data.demo.catalogue import sample_specs
from data.demo.customers import Customers
from data.demo.dials import Dials
from data.demo.events import Event, Simulation
from data.demo.preferences import Preferences
from data.demo.stock import Stock


@dataclass(frozen=True, slots=True)
class Origin:
    """products, customers: how many, at least 1 each. seed: of everything that is drawn."""

    products: int = 840
    customers: int = 640
    seed: int = 7
    dials: Dials = field(default_factory=Dials)

    def __post_init__(self) -> None:
        if self.products < 1 or self.customers < 1:
            raise ValueError(
                "a demo shop needs products and customers; "
                f"{self.products} and {self.customers} were asked for"
            )

    def with_visual_share(self, rho: float) -> Origin:
        """The same shop, with the same products and photos, whose customers care otherwise for looks."""
        return replace(self, dials=replace(self.dials, visual_share=rho))

    def people(self) -> tuple[Stock, Customers]:
        """The products on sale and the customers."""
        stock = Stock.of(sample_specs(self.products, self.seed), self.dials, self.seed)
        return stock, Customers.sample(self.customers, stock, self.dials, self.seed)

    def events(self) -> list[Event]:
        """What the customers did, in the order of time."""
        stock, people = self.people()
        return Simulation(stock, people, self.dials, self.seed).events()

    def preferences(self) -> Preferences:
        """What the customers truly like. No file and no table of a shop holds it: it is made again here."""
        return Preferences.build(*self.people(), self.dials)

    def as_json(self) -> dict[str, Any]:
        """For the note in the shop."""
        return {
            "products": self.products,
            "customers": self.customers,
            "seed": self.seed,
            "dials": self.dials.as_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Origin:
        """The inverse of ``as_json``. Raises ``ValueError`` for dials that there are not."""
        return cls(
            products=int(value["products"]),
            customers=int(value["customers"]),
            seed=int(value["seed"]),
            dials=Dials.from_json(value["dials"]),
        )


def true_preferences(products: int, customers: int, seed: int, dials: Dials | None = None) -> Preferences:
    """What the customers of ``make_demo(…, products, customers, seed, dials=dials)`` truly like.

    For evaluation, never for training. Raises ``ValueError`` for fewer than one product or customer.
    """
    return Origin(products, customers, seed, dials or Dials()).preferences()

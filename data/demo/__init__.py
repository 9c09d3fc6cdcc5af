"""The demo shop: a seeded, procedurally drawn fashion and home shop with simulated customers.

Nothing in it is real: products, photos, brands and people are made up. ``docs/demo.md`` says how.
"""

from data.demo.dials import Dials
from data.demo.make import DemoShop, make_demo

__all__ = ["DemoShop", "Dials", "make_demo"]

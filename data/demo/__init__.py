"""The demo shop: a seeded, procedurally drawn fashion and home shop with simulated customers.

Nothing in it is real: products, photos, brands and people are made up. ``docs/demo.md`` says how.
"""

from data.demo.dials import Dials
from data.demo.make import DemoShop, make_demo
from data.demo.origin import Origin, true_preferences
from data.demo.stamp import is_simulated

__all__ = ["DemoShop", "Dials", "Origin", "is_simulated", "make_demo", "true_preferences"]

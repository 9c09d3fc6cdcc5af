"""The engine of one shop, in parts by what is asked of it."""

from service.engine.engine import Engine, list_embedders

__all__ = ["Engine", "list_embedders"]

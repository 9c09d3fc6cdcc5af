"""Cosine nearest-neighbour search over a shop's photo vectors, on FAISS."""

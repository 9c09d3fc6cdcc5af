"""Ranking products for a customer from histories and looks, and the offline proof that it works."""

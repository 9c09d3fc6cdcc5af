"""The proof: ways to fit an embedder to a shop, run side by side on its labels, measured and judged."""

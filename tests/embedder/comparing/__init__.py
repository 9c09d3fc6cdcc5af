"""The comparison of ways to fit an embedder to a shop."""

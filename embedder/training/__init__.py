"""The recipe that made the bundled embedder: distil a teacher into a fresh network, export it, measure it."""

"""Transfer learning: from any pre-trained CNN to an embedder that knows the shop."""

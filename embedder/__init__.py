"""Photos into vectors: CNN backbones, aspects, runtimes, and the batch pipeline."""

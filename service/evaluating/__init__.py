"""`vitrine embedders evaluate`: what an embedder is worth on a shop's own photos and labels."""

"""The shop's records: what a product, a photo, a customer and an interaction are, and where they are kept."""

"""The routes under /v1 and /health, one module a subject."""

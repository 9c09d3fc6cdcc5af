"""The HTTP door: FastAPI routes over the one engine; each route parses, calls, answers."""

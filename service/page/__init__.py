"""The web page: server-rendered, with a little JavaScript of its own; no build step, nothing from other hosts."""

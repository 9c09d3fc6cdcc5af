"""The web page: server-rendered, with a little JavaScript of its own; nothing comes from other hosts."""

"""The doors: one engine under the command line, the HTTP API and the web page."""

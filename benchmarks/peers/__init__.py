"""Tools that ours is measured beside, each in a virtual environment of its own: they ask for other versions
of numpy than ours, and than one another.

The modules ``with_…`` are run by a peer's own Python and import nothing of ours.
"""

"""How the tables of older shops are brought to the present shape (Alembic).

A new step is a module ``versions/vNNNN_what.py`` with the next number as its ``revision``;
``data.store.schema`` gets the tables as they are after it, and that number as its ``HEAD``. A test compares
the two.
"""

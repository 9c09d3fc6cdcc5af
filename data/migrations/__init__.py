"""How the tables of older shops are brought to the present shape (Alembic)."""

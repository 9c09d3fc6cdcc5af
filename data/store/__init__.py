"""The shop's tables and the queries on them, one module for each noun."""

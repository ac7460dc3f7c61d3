"""The stores, on SQLite or PostgreSQL, with the same statements."""

"""A store of one's own, on plain psycopg: see docs/plug-in-your-store.md."""

"""A host that sends with Celery: see README.md in this folder."""

"""Doors for a host's own programs: links and receipts answered over WSGI or ASGI, and sending by Celery workers."""

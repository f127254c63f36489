"""Doors for a host's own programs: links answered over WSGI or ASGI, and sending by Celery workers."""

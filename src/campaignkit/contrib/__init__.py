"""Doors for a host's own programs: links answered over WSGI or ASGI."""

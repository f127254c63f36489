"""Postfix's smtp-sink: a mail server that accepts everything and keeps nothing. Starts processes of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["SinkMissing", "find_program", "running_sink"]

_PATH = "/usr/sbin:/usr/local/sbin:/usr/lib/postfix/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin"


class SinkMissing(Exception):
    """The programs of Postfix are not installed."""


def find_program(name: str) -> str:
    """Return the path of smtp-sink or smtp-source.

    Raises:
        SinkMissing: it is not installed.
    """
    path = shutil.which(name) or shutil.which(name, path=_PATH)
    if path is None:
        raise SinkMissing(f"{name} is not installed; it comes with Postfix (Debian: apt-get install postfix)")
    return path


@contextmanager
def running_sink() -> Iterator[int]:
    """Yield the port of an smtp-sink on the loopback, and end it."""
    program, port = find_program("smtp-sink"), _free_port()
    # As root it wants to become somebody else.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, *user, f"127.0.0.1:{port}", "200"])
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as session:
                session.sendall(b"QUIT\r\n")
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("smtp-sink does not answer")

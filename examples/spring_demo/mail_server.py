"""A real SMTP server in its own process: mail in; a log, .eml files and, on stdout, what the story must know, out.

Commands come as JSON lines on stdin, each is acknowledged on stdout. When stdin ends, so does the server.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from examples.spring_demo.shop import Places


class Post:
    """Takes every mail, except where the story told it otherwise."""

    def __init__(self, places: Places) -> None:
        self._places = places
        # With O_APPEND each line is in the file, whole, before the reply leaves; nothing is buffered here.
        self._log = os.open(places.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._accepted_count = 0
        self._asked_count = 0
        self._withheld_number: int | None = None
        self._answers: dict[int, str] = {}  # by the number of the RCPT that gets them

    def obey(self, command: Mapping[str, Any]) -> None:
        """Withhold the reply to one mail, or give one RCPT another answer."""
        if command["do"] == "withhold":
            self._withheld_number = command["number"]
        else:
            self._answers[self._asked_count + command["after"]] = command["reply"]
        announce(event="understood")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for these names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self._asked_count += 1
        reply: str | None = self._answers.pop(self._asked_count, None)
        if reply is not None:
            announce(event="answered", reply=reply, to=address)
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._accepted_count += 1
        number = self._accepted_count
        is_withheld = number == self._withheld_number
        self._keep(number, envelope, is_withheld)
        if is_withheld:
            announce(event="withheld", number=number, to=envelope.rcpt_tos[0])
            await asyncio.Event().wait()  # until the connection breaks
        return f"250 2.0.0 OK, accepted as {number}"

    def _keep(self, number: int, envelope: Envelope, is_withheld: bool) -> None:
        content = envelope.original_content or b""
        file = self._places.mails / f"{number:04}.eml"
        file.write_bytes(content)
        line = {
            "number": number,
            "to": envelope.rcpt_tos[0],
            "file": file.name,
            "is_withheld": is_withheld,
        }
        os.write(self._log, f"{json.dumps(line)}\n".encode())


def announce(**words: Any) -> None:
    """Tell the story something."""
    print(json.dumps(words), flush=True)


async def serve(places: Places) -> None:
    """Take mail until stdin ends."""
    loop = asyncio.get_running_loop()
    post = Post(places)
    # Not the machine's own name: looking it up may take seconds where there is no name server.
    server = await loop.create_server(
        lambda: SMTP(post, hostname="mail.example", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    announce(event="listening", port=server.sockets[0].getsockname()[1])
    while line := await commands.readline():
        post.obey(json.loads(line))
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(Places(Path(sys.argv[1]))))

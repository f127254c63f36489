"""Messages into a folder: each that may cross becomes a file, ``.eml`` or ``.txt``. Touches the file system."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundEmail, OutboundMessage, OutboundText
from campaignkit.ports import Clear, SenderCheck
from campaignkit.transports.texts import require_texts, text_obstacle

__all__ = ["OutboxTransport", "TextOutboxTransport"]

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
NAME_LENGTH_MAX = 80  # characters kept of a message id; file systems allow 255 bytes


class OutboxTransport:
    """Writes mail to *folder* instead of sending it: for trying out, and for programs that collect it there.

    A file appears whole or not at all, and is on the disk before the message counts as accepted.
    """

    channel: Channel = Channel.EMAIL
    doubt_max: int = 1

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        """Yield one outcome per message, each cleared and written by itself.

        Raises:
            TypeError: the batch holds something else than mail; nothing was written.
        """
        mails = [message for message in batch if isinstance(message, OutboundEmail)]
        if len(mails) != len(batch):
            raise TypeError("an outbox takes OutboundEmail only")
        return (_send_one(self.folder, "eml", mail, mail.content, clear) for mail in mails)

    def verify(self) -> SenderCheck:
        """Return whether the folder can be written to."""
        return _check_folder(self.folder)

    def close(self) -> None:
        """Do nothing: nothing is kept open."""


class TextOutboxTransport:
    """Writes texts to *folder* instead of sending them, a ``.txt`` each: to, from and parts, a blank line, the text.

    A file appears whole or not at all, and is on the disk before the message counts as accepted.
    """

    channel: Channel = Channel.SMS
    doubt_max: int = 1

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        """Yield one outcome per message, each cleared and written by itself.

        Raises:
            TypeError: the batch holds something else than texts; nothing was written.
            ValueError: two messages of the batch have one id; nothing was written.
        """
        texts = require_texts(batch)
        return (self._send_one(text, clear) for text in texts)

    def verify(self) -> SenderCheck:
        """Return whether the folder can be written to."""
        return _check_folder(self.folder)

    def close(self) -> None:
        """Do nothing: nothing is kept open."""

    def _send_one(self, text: OutboundText, clear: Clear) -> Outcome:
        obstacle = text_obstacle(text)
        if obstacle is not None:
            return Outcome(message_id=text.message_id, verdict=Verdict.REFUSED, code=obstacle)
        written = f"To: {text.to}\nFrom: {text.sender}\nParts: {text.parts}\n\n{text.text}\n"
        return _send_one(self.folder, "txt", text, written.encode(), clear)


def _check_folder(folder: Path) -> SenderCheck:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return SenderCheck(is_ready=True)
    except OSError as error:
        return SenderCheck(is_ready=False, code="folder_unwritable", reply=str(error.strerror))


def _send_one(folder: Path, ending: str, message: OutboundMessage, content: bytes, clear: Clear) -> Outcome:
    message_id = message.message_id
    cleared = clear((message,))
    if not cleared.messages:
        return Outcome(message_id=message_id, verdict=Verdict.NOT_SENT, code="not_cleared")
    if not cleared.may_cross():
        return Outcome(message_id=message_id, verdict=Verdict.NOT_SENT, code="permission_expired")
    path = folder / _file_name(message_id, ending)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(path, content)
    except OSError as error:
        reply = str(error.strerror)
        # Once the file bears its name somebody may have collected it, whatever failed afterwards.
        verdict = Verdict.IN_DOUBT if path.exists() else Verdict.NOT_SENT
        return Outcome(message_id=message_id, verdict=verdict, scope=Scope.HOST, code="folder_unwritable", reply=reply)
    return Outcome(
        message_id=message_id,
        verdict=Verdict.ACCEPTED,
        code="accepted",
        provider_id=path.name,
        parts_accepted=message.parts if isinstance(message, OutboundText) else None,
    )


def _file_name(message_id: str, ending: str = "eml") -> str:
    """Return a file name for *message_id* that stays in its folder and is another one for every other id."""
    safe = _UNSAFE.sub("_", message_id)[:NAME_LENGTH_MAX]
    if safe != message_id or not safe:
        safe = f"{safe}-{hashlib.sha256(message_id.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return f"{safe}.{ending}"


def _write_whole(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

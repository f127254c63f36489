"""Mail into a folder: every message that may cross becomes an ``.eml`` file. Touches the file system."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from campaignkit.addresses.channel import Channel
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.message.outbound import OutboundEmail, OutboundMessage
from campaignkit.ports import Clear, SenderCheck

__all__ = ["OutboxTransport"]

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
        return (self._send_one(mail, clear) for mail in mails)

    def verify(self) -> SenderCheck:
        """Return whether the folder can be written to."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                return SenderCheck(is_ready=True)
        except OSError as error:
            return SenderCheck(is_ready=False, code="folder_unwritable", reply=str(error.strerror))

    def close(self) -> None:
        """Do nothing: nothing is kept open."""

    def _send_one(self, mail: OutboundEmail, clear: Clear) -> Outcome:
        cleared = clear((mail,))
        if not cleared.messages:
            return Outcome(message_id=mail.message_id, verdict=Verdict.NOT_SENT, code="not_cleared")
        if not cleared.may_cross():
            return Outcome(message_id=mail.message_id, verdict=Verdict.NOT_SENT, code="permission_expired")
        path = self.folder / _file_name(mail.message_id)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write_whole(path, mail.content)
        except OSError as error:
            reply = str(error.strerror)
            # Once the file bears its name somebody may have collected it, whatever failed afterwards.
            verdict = Verdict.IN_DOUBT if path.exists() else Verdict.NOT_SENT
            return Outcome(
                message_id=mail.message_id, verdict=verdict, scope=Scope.HOST, code="folder_unwritable", reply=reply
            )
        return Outcome(message_id=mail.message_id, verdict=Verdict.ACCEPTED, code="accepted", provider_id=path.name)


def _file_name(message_id: str) -> str:
    """Return a file name for *message_id* that stays in its folder and is another one for every other id."""
    safe = _UNSAFE.sub("_", message_id)[:NAME_LENGTH_MAX]
    if safe != message_id or not safe:
        safe = f"{safe}-{hashlib.sha256(message_id.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return f"{safe}.eml"


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

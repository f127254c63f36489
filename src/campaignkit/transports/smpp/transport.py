"""Texts through an SMSC by SMPP 3.4: messages and ``clear`` in, one outcome each out. Touches the network.

One connection, bound lazily and kept between rounds; several parts are under way at a time and answers come in any
order. Receipts and inbound texts that arrive meanwhile, or while ``listen`` waits for them, go to the host's functions.
"""

import os
import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.delivery.outcomes import Outcome
from campaignkit.delivery.sms_receipts import InboundText, SmsReceipt, read_smpp_receipt
from campaignkit.errors import MissingExtra
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.message.sms import decode_septets
from campaignkit.ports import Clear, SenderCheck
from campaignkit.transports.smpp.settings import BindKind, SmppCounts, SmppSecurity, SmppSettings
from campaignkit.transports.texts import require_texts

if TYPE_CHECKING:
    from campaignkit.transports.smpp.link import SmppLink
    from campaignkit.transports.smpp.pdus import Delivery

__all__ = ["SmppTransport"]

DOUBT_MAX = 100  # as many as a batch of the engine holds
TRY_AGAIN = 0x64  # status of an answer to a delivery that could not be kept: the SMSC delivers it once more
LISTEN_SECONDS = 1.0  # how long the connection is held at a time while listening
_TEXT_CODINGS = {1: "ascii", 3: "latin-1", 8: "utf-16-be"}


class SmppTransport:
    """Sends texts through one account of one SMSC.

    Args:
        host: Name or address; *port* is mostly 2775, or 3550 with TLS.
        security: ``"tls"``, or ``"insecure_plaintext"`` where the way there is private.
        doubt_max: The most messages that a crash can leave in doubt, up to 100; as many as the window holds unless
            given.
        on_receipt: Keeps a receipt. When it raises, the SMSC is asked to deliver the receipt again.
        on_text: Keeps a text that somebody sent to us.
        options: The other fields of ``SmppSettings``: ``system_type``, ``bind``, ``timeouts``, ``window``,
            ``wants_receipts``, ``validity``, ``submit_id_form``, ``receipt_id_form``, ``rules``, ``egress``.

    Raises:
        MissingExtra: the extra ``smpp`` is not installed.
        ValueError: the settings contradict each other, or do not fit into SMPP's fields.
    """

    channel: Channel = Channel.SMS

    def __init__(
        self,
        host: str,
        port: int,
        *,
        system_id: str,
        password: str,
        security: SmppSecurity | str = SmppSecurity.TLS,
        doubt_max: int | None = None,
        on_receipt: Callable[[SmsReceipt], object] | None = None,
        on_text: Callable[[InboundText], object] | None = None,
        **options: Any,
    ) -> None:
        self._settings = SmppSettings(
            host=host, port=port, system_id=system_id, password=password, security=security, **options
        )
        self.doubt_max = self._settings.window if doubt_max is None else doubt_max
        if not 1 <= self.doubt_max <= DOUBT_MAX:
            raise ValueError(f"doubt_max must be from 1 to {DOUBT_MAX}")
        _require_smpplib()
        self.counts = SmppCounts()
        self._on_receipt = on_receipt or _keep_nothing
        self._on_text = on_text or _keep_nothing
        self._lock = threading.Lock()  # one thread speaks on the connection at a time
        self._resting: SmppLink | None = None

    def __repr__(self) -> str:
        settings = self._settings
        return f"SmppTransport({settings.host!r}, {settings.port}, system_id={settings.system_id!r})"

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Generator[Outcome]:
        """Yield one outcome per message; see the laws of ``Transport``.

        Raises:
            TypeError: the batch holds something else than texts; nothing was sent.
            ValueError: two messages of the batch have one id, or the bind is for receiving only; nothing was sent.
        """
        texts = require_texts(batch)
        if self._settings.bind is BindKind.RECEIVER:
            raise ValueError("a receiver carries nothing; bind a transmitter or a transceiver")
        return self._send(texts, clear)

    def _send(self, texts: list[OutboundText], clear: Clear) -> Generator[Outcome]:
        from campaignkit.transports.smpp.round import SmppRound

        with self._lock:
            sending = SmppRound(self._link, self._settings, self.counts, clear, doubt_max=self.doubt_max)
            try:
                yield from sending.outcomes(texts)
            finally:
                sending.close()

    def listen(self, seconds: float) -> None:
        """Wait so long for receipts and inbound texts, and answer the SMSC's enquiries; it binds where it must.

        Between two rounds of sending somebody has to do this, or the SMSC takes us for dead. Another thread may.

        Raises:
            ConnectionError: the SMSC is not there, or does not let us in.
        """
        from campaignkit.transports.smpp.link import LinkUnavailable

        deadline = time.monotonic() + seconds
        while True:
            with self._lock:
                try:
                    link = self._link()
                except LinkUnavailable as error:
                    raise ConnectionError(f"{error.verdict.code} {error.reply}".strip()) from error
                answers = link.read(min(LISTEN_SECONDS, max(0.0, deadline - time.monotonic())))
                self.counts.unknown_sequences += len(answers)
            if time.monotonic() >= deadline:
                return

    def verify(self) -> SenderCheck:
        """Connect, encrypt and log in; nothing is submitted."""
        from campaignkit.transports.smpp.link import LinkUnavailable

        with self._lock:
            try:
                self._link()
            except LinkUnavailable as error:
                return SenderCheck(is_ready=False, code=error.verdict.code, reply=error.reply)
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        """Say goodbye. Sending again binds anew."""
        with self._lock:
            link, self._resting = self._resting, None
            if link is None:
                return
            if link.process_id == os.getpid():
                link.close()
            else:
                link.drop()

    def _link(self) -> "SmppLink":
        """Return a connection that works: the one at rest, or a new one."""
        from campaignkit.transports.smpp.link import SmppLink

        link, self._resting = self._resting, None
        if link is not None and link.process_id != os.getpid():
            link.drop()  # a fork copied it, and the parent still speaks on it
        elif link is not None and link.is_alive():
            self._resting = link
            return link
        elif link is not None:
            link.drop()
        fresh = SmppLink(self._settings, self.counts, self._take)
        fresh.bind()
        self._resting = fresh
        return fresh

    def _take(self, delivery: "Delivery") -> int:
        """Give a delivery to the host; return the status of its answer."""
        try:
            return self._take_receipt(delivery) if delivery.is_receipt else self._take_text(delivery)
        except Exception:  # noqa: BLE001 (a host's function raises what it likes; the SMSC keeps what we could not)
            self.counts.receipt_failures += 1
            return TRY_AGAIN

    def _take_receipt(self, delivery: "Delivery") -> int:
        receipt = read_smpp_receipt(
            delivery.content.decode("latin-1"),
            receipted_id=delivery.receipted_id,
            message_state=delivery.message_state,
            network_error=delivery.network_error,
            submit_form=self._settings.submit_id_form,
            receipt_form=self._settings.receipt_id_form,
        )
        if isinstance(receipt, Rejection):
            self.counts.unreadable += 1
            return 0  # it would not be readable the next time either
        self._on_receipt(receipt)
        self.counts.receipts += 1
        return 0

    def _take_text(self, delivery: "Delivery") -> int:
        content = delivery.content
        if delivery.has_header and content:
            content = content[content[0] + 1 :]
        text = InboundText(
            sender=f"+{delivery.source}" if delivery.source.isdigit() else delivery.source,
            to=delivery.destination,
            text=_decoded(content, delivery.data_coding),
        )
        self._on_text(text)
        self.counts.inbound_texts += 1
        return 0


def _decoded(content: bytes, data_coding: int) -> str:
    codec = _TEXT_CODINGS.get(data_coding & 0x0F)
    if codec is None and content.isascii():
        return decode_septets(content)
    return content.decode(codec or "latin-1", "replace")


def _keep_nothing(_delivered: object) -> None:
    pass


def _require_smpplib() -> None:
    try:
        import campaignkit.transports.smpp.pdus  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "smpplib":
            raise
        raise MissingExtra("smpp", "smpplib") from error

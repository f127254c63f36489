"""One bound connection to an SMSC: PDUs in and out, and all that goes on beside our texts. Touches the network."""

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable

from campaignkit.delivery.http_replies import not_sent
from campaignkit.delivery.outcomes import Scope
from campaignkit.delivery.replies import ReplyVerdict
from campaignkit.delivery.smpp_replies import bind_verdict
from campaignkit.transports.egress import EgressRefused, checked_addresses
from campaignkit.transports.smpp.pdus import (
    BindAnswer,
    Delivery,
    Enquiry,
    EnquiryAnswer,
    Other,
    Pdu,
    PduReader,
    SubmitAnswer,
    Unbind,
    UnbindAnswer,
    UnreadablePdu,
    bind_pdu,
    delivery_answer_pdu,
    enquiry_answer_pdu,
    enquiry_pdu,
    nack_pdu,
    unbind_answer_pdu,
    unbind_pdu,
)
from campaignkit.transports.smpp.settings import SmppCounts, SmppSecurity, SmppSettings

__all__ = ["LinkUnavailable", "SmppLink"]

RECEIVE_SIZE = 65536  # bytes asked of the kernel at a time
SEQUENCE_MAX = 0x7FFFFFFF

# A delivery in, the status of its answer out: 0 once it is kept.
Deliver = Callable[[Delivery], int]


class LinkUnavailable(Exception):
    """The SMSC did not let us in; *verdict* says whose trouble that is. Nothing was sent."""

    def __init__(self, verdict: ReplyVerdict, reply: str = "") -> None:
        super().__init__(verdict.code)
        self.verdict = verdict
        self.reply = reply


class SmppLink:
    """A connection that is bound, until ``is_open`` says otherwise. Of one process and one thread at a time."""

    def __init__(self, settings: SmppSettings, counts: SmppCounts, deliver: Deliver) -> None:
        self._settings = settings
        self._counts = counts
        self._deliver = deliver
        self._reader = PduReader()
        self._sequence = 0
        self._heard_at = time.monotonic()
        self._enquired_at: float | None = None  # an enquiry without an answer
        self._answers: list[SubmitAnswer] = []
        self._bind_status: int | None = None
        self._is_unbound = False
        self.process_id = os.getpid()
        self.is_open = True
        self.is_leaving = False  # the SMSC said goodbye: nothing more is written, answers may still come
        self._socket = _connect(settings)

    def bind(self) -> None:
        """Log in.

        Raises:
            LinkUnavailable: the SMSC said no, or nothing sensible; the connection is closed.
        """
        settings = self._settings
        self.write(
            bind_pdu(
                self.next_sequence(),
                settings.bind.value,
                system_id=settings.system_id,
                password=settings.password,
                system_type=settings.system_type,
            )
        )
        deadline = time.monotonic() + settings.timeouts.bind
        while self.is_open and self._bind_status is None and time.monotonic() < deadline:
            self._hear(deadline - time.monotonic())
        if self._bind_status == 0 and self.is_open and not self.is_leaving:
            return
        self.drop()
        if not self._bind_status:
            raise LinkUnavailable(not_sent("connect_failed", Scope.HOST), "no answer to the bind")
        raise LinkUnavailable(bind_verdict(self._bind_status), f"bind refused with status 0x{self._bind_status:08X}")

    def next_sequence(self) -> int:
        """Return a number that no PDU of this connection had before, for two billion of them."""
        self._sequence = self._sequence % SEQUENCE_MAX + 1
        return self._sequence

    def write(self, pdu: bytes) -> bool:
        """Write a whole PDU; False: the connection is lost, and the PDU may have arrived all the same."""
        if not self.is_open:
            return False
        try:
            self._socket.settimeout(self._settings.timeouts.write)
            self._socket.sendall(pdu)
        except OSError:
            self.drop()
        return self.is_open

    def read(self, seconds: float) -> list[SubmitAnswer]:
        """Wait for at most so long, deal with all that came, and return the answers to submits."""
        now = time.monotonic()
        silent_until = self._heard_at + self._settings.timeouts.enquire
        if self._enquired_at is None and now >= silent_until:
            self.enquire()
        elif self._enquired_at is not None and now >= self._enquired_at + self._settings.timeouts.response:
            self.drop()  # whoever does not even answer this is gone
        self._hear(max(0.0, min(seconds, self._settings.timeouts.enquire)))
        answers, self._answers = self._answers, []
        return answers

    def enquire(self) -> None:
        """Ask whether the other side is still there."""
        self._enquired_at = time.monotonic()
        self.write(enquiry_pdu(self.next_sequence()))

    def is_alive(self) -> bool:
        """Return whether a connection that rested still works: it is asked, unless something was heard just now."""
        self._discard(self.read(0))
        if self.is_open and not self.is_leaving and time.monotonic() - self._heard_at > 1:
            self.enquire()
            deadline = time.monotonic() + self._settings.timeouts.response
            while self.is_open and self._enquired_at is not None and time.monotonic() < deadline:
                self._discard(self.read(deadline - time.monotonic()))
            if self._enquired_at is not None:
                self.drop()
        return self.is_open and not self.is_leaving

    def close(self) -> None:
        """Say goodbye, and wait a moment for the answer."""
        if self.is_open and not self.is_leaving:
            self.write(unbind_pdu(self.next_sequence()))
            deadline = time.monotonic() + self._settings.timeouts.unbind
            while self.is_open and not self._is_unbound and time.monotonic() < deadline:
                self._hear(deadline - time.monotonic())
        self.drop()

    def drop(self) -> None:
        """Close the connection without a word."""
        self.is_open = False
        self._socket.close()

    def _discard(self, answers: list[SubmitAnswer]) -> None:
        self._counts.unknown_sequences += len(answers)

    def _hear(self, seconds: float) -> None:
        if not self.is_open:
            return
        try:
            self._socket.settimeout(max(seconds, 0.001))
            received = self._socket.recv(RECEIVE_SIZE)
        except TimeoutError:
            return
        except OSError:
            self.drop()
            return
        if not received:
            self.drop()
            return
        self._heard_at = time.monotonic()
        try:
            for pdu in self._reader.feed(received):
                self._take(pdu)
        except UnreadablePdu:
            self._counts.unreadable += 1
            self.drop()

    def _take(self, pdu: Pdu) -> None:
        match pdu:
            case SubmitAnswer():
                self._answers.append(pdu)
            case Delivery(sequence=sequence):
                self.write(delivery_answer_pdu(sequence, self._deliver(pdu)))
            case BindAnswer(status=status):
                self._bind_status = status
            case Enquiry(sequence=sequence):
                self.write(enquiry_answer_pdu(sequence))
            case EnquiryAnswer():
                self._enquired_at = None
            case Unbind(sequence=sequence):
                self.is_leaving = True
                self.write(unbind_answer_pdu(sequence))
            case UnbindAnswer():
                self._is_unbound = True
            case Other(sequence=sequence, is_request=is_request):
                self._counts.unreadable += 1
                if is_request:
                    self.write(nack_pdu(sequence))


def _connect(settings: SmppSettings) -> socket.socket:
    try:
        addresses = checked_addresses(settings.host, settings.port, settings.egress)
    except EgressRefused:
        raise LinkUnavailable(not_sent("egress_refused")) from None
    except OSError as error:
        raise LinkUnavailable(not_sent("connect_failed", Scope.HOST), type(error).__name__) from error
    failure: OSError = TimeoutError()
    for address in addresses:
        try:
            return _secured(socket.create_connection((address, settings.port), settings.timeouts.connect), settings)
        except ssl.SSLCertVerificationError as error:
            # A bad certificate does not mend itself.
            raise LinkUnavailable(not_sent("tls_failed"), error.verify_message) from error
        except OSError as error:
            failure = error
    raise LinkUnavailable(not_sent("connect_failed", Scope.HOST), type(failure).__name__) from failure


def _secured(connection: socket.socket, settings: SmppSettings) -> socket.socket:
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if settings.security is SmppSecurity.TLS:
            context = settings.ssl_context or ssl.create_default_context()
            connection = context.wrap_socket(connection, server_hostname=settings.host)
        undo.pop_all()
    return connection

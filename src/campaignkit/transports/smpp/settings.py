"""How to reach and use one account of an SMSC: values only. Pure."""

import ssl
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import attrs

from campaignkit.delivery.replies import ReplyVerdict
from campaignkit.delivery.smpp_replies import SMPP_RULES
from campaignkit.delivery.sms_receipts import IdForm
from campaignkit.transports.egress import EgressPolicy, allow_any

__all__ = ["BindKind", "SmppCounts", "SmppSecurity", "SmppSettings", "SmppTimeouts"]

# Octets without the final zero, SMPP v3.4 sections 4.1.1 and 5.2; smpplib would cut what is longer without a word.
_LENGTHS_MAX = {"system_id": 15, "password": 8, "system_type": 12}
VALIDITY_MAX = timedelta(days=63)  # networks keep no text for longer


class BindKind(StrEnum):
    """What the connection is for; some SMSCs want one to send and another for receipts."""

    TRANSCEIVER = "transceiver"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"


class SmppSecurity(StrEnum):
    """How the connection is kept from eavesdroppers."""

    TLS = "tls"
    INSECURE_PLAINTEXT = "insecure_plaintext"  # as most SMSCs speak it, inside a private network


def _require_positive(_instance: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not value > 0:
        raise ValueError(f"{attribute.name} must be above 0")


@attrs.frozen(kw_only=True)
class SmppTimeouts:
    """How long to wait, in seconds."""

    connect: float = attrs.field(default=10.0, validator=_require_positive)
    bind: float = attrs.field(default=10.0, validator=_require_positive)  # for the answer to it
    write: float = attrs.field(default=10.0, validator=_require_positive)  # for one part to get away
    response: float = attrs.field(default=30.0, validator=_require_positive)  # for the answer to one part
    enquire: float = attrs.field(default=30.0, validator=_require_positive)  # of silence before we ask
    throttled: float = attrs.field(default=60.0, validator=_require_positive)  # for a later part to be taken
    unbind: float = attrs.field(default=2.0, validator=_require_positive)


@attrs.define
class SmppCounts:
    """What came that answers nothing, and what became of deliveries; grows while the transport lives."""

    unknown_sequences: int = 0  # answers to nothing that was open: late, repeated, or not ours
    receipts: int = 0
    inbound_texts: int = 0
    unreadable: int = 0  # PDUs that make no sense, receipts that name no message
    receipt_failures: int = 0  # the host's function raised; the SMSC was asked to deliver again


@attrs.frozen(kw_only=True)
class SmppSettings:
    """One account of one SMSC."""

    host: str
    port: int
    system_id: str
    password: str = attrs.field(repr=False)
    system_type: str = ""
    bind: BindKind = attrs.field(default=BindKind.TRANSCEIVER, converter=BindKind)
    security: SmppSecurity = attrs.field(default=SmppSecurity.TLS, converter=SmppSecurity)
    ssl_context: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    timeouts: SmppTimeouts = SmppTimeouts()
    window: int = 10  # parts without an answer
    wants_receipts: bool = True
    validity: timedelta | None = None  # None: as long as the SMSC keeps them
    submit_id_form: IdForm = attrs.field(default=IdForm.TEXT, converter=IdForm)
    receipt_id_form: IdForm = attrs.field(default=IdForm.TEXT, converter=IdForm)
    rules: Mapping[int, ReplyVerdict] = attrs.field(default=SMPP_RULES, repr=False)
    egress: EgressPolicy = attrs.field(default=allow_any, repr=False)

    def __attrs_post_init__(self) -> None:
        for name, length_max in _LENGTHS_MAX.items():
            value = getattr(self, name)
            if len(value) > length_max or not value.isascii() or (value and not value.isprintable()):
                raise ValueError(f"{name} has at most {length_max} printable ASCII characters")
        if not self.host or not self.host.isprintable() or " " in self.host:
            raise ValueError("host must be a name or an address")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port must be from 1 to 65535, not {self.port}")
        if not 1 <= self.window <= 100:
            raise ValueError("window must be from 1 to 100")
        if self.validity is not None and not timedelta(minutes=1) <= self.validity <= VALIDITY_MAX:
            raise ValueError("validity must be from a minute to 63 days")

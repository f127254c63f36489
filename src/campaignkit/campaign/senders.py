"""Who a message comes from. Pure."""

from datetime import datetime, timedelta

import attrs

__all__ = ["SETBACKS_MAX", "Sender", "SenderHealth", "after_setback", "after_success"]


@attrs.frozen(kw_only=True)
class Sender:
    """A configured account from which a merchant's campaigns go out."""

    merchant_id: str
    sender_id: str
    channel: str = "email"
    display_name: str = ""
    address: str = attrs.field(repr=False)  # an email address, or an SMS sender id
    account: str = ""  # which of the kit's transports carries it
    created_at: datetime


@attrs.frozen(kw_only=True)
class SenderHealth:
    """What was learned about a sender while sending; it survives restarts."""

    blocked_until: datetime | None = None  # UTC; its host asked for patience or did not answer: nothing begins before
    setbacks: int = 0  # in a row; one success clears them
    code: str = ""  # of the last setback
    reply: str = ""


# 1, 2, 4 … 30 minutes (shared design of the dispatch protocol, section 3, reply table, 421).
FIRST_BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(minutes=30)
SETBACKS_MAX = 150  # in a row: about three days, after which somebody must look


def after_setback(
    health: SenderHealth,
    *,
    now: datetime,
    code: str,
    reply: str,
    retry_after: timedelta | None,
    jitter: float,
) -> SenderHealth:
    """Return *health* after its host refused to take mail for now.

    Args:
        jitter: From 0 to 1; stretches the wait by up to a tenth, so that many workers do not return at once.
    """
    wait = min(FIRST_BACK_OFF * 2 ** min(health.setbacks, 10), LONGEST_BACK_OFF)
    wait = max(wait * (1 + jitter / 10), retry_after or timedelta(0))
    return SenderHealth(
        blocked_until=now + wait,
        setbacks=health.setbacks + 1,
        code=code,
        reply=reply,
    )


def after_success(health: SenderHealth) -> SenderHealth:
    """Return *health* after a message was accepted."""
    return SenderHealth() if health != SenderHealth() else health

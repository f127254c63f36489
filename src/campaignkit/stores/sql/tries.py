"""Attempts as settling reads and writes them, in SQL, inside the caller's transaction."""

from collections.abc import Sequence

import sqlalchemy as sa

from campaignkit.delivery.settling import LeftOpen
from campaignkit.stores.sql.driver import Driver
from campaignkit.stores.sql.schema import attempts
from campaignkit.stores.sql.statements import Statement, is_among, spread

__all__ = ["SETTLE_ATTEMPT", "UNBEGUN_ATTEMPT", "verdicts_of"]

_VERDICTS = Statement(
    ("merchant", "ids"),
    lambda is_sqlite: sa.select(
        attempts.c.recipient_id,
        attempts.c.epoch,
        attempts.c.generation,
        attempts.c.verdict,
        attempts.c.doubt_until.is_not(None),
    ).where(
        attempts.c.merchant_id == sa.bindparam("merchant"),
        is_among(attempts.c.recipient_id, "ids", is_sqlite=is_sqlite),
    ),
)
_VERDICT_NAMES = ("settled_at", "verdict", "scope", "code", "reply", "provider_id")
_SETTLED = {f"new_{name}": name for name in _VERDICT_NAMES}
_SETTLED |= {"merchant": "merchant_id", "recipient": "recipient_id", "epoch": "epoch"}


def _settle_attempts() -> sa.Update:
    """Return what settles many attempts.

    The whole key is compared with what is given, and none of it with a constant: of a table that was never analyzed,
    the server would else read all attempts of the merchant, or compare every one of a wave with every other.
    """
    given = spread(attempts, _SETTLED)
    return (
        sa.update(attempts)
        .where(
            attempts.c.merchant_id == given.c.merchant,
            attempts.c.recipient_id == given.c.recipient,
            attempts.c.epoch == given.c.epoch,
        )
        .values({name: given.c[f"new_{name}"] for name in _VERDICT_NAMES} | {"doubt_until": sa.null()})
    )


SETTLE_ATTEMPT = Statement(
    tuple(_SETTLED),
    lambda _: (
        sa.update(attempts)
        .where(
            attempts.c.merchant_id == sa.bindparam("merchant"),
            attempts.c.recipient_id == sa.bindparam("recipient"),
            attempts.c.epoch == sa.bindparam("epoch"),
        )
        .values({name: sa.bindparam(f"new_{name}") for name in _VERDICT_NAMES} | {"doubt_until": sa.null()})
    ),
    write_spread=_settle_attempts,
)
_ATTEMPT_NAMES = (
    *("merchant_id", "recipient_id", "epoch", "generation"),
    *("settled_at", "verdict", "scope", "code", "reply", "provider_id"),
)
UNBEGUN_ATTEMPT = Statement(
    _ATTEMPT_NAMES,
    lambda _: sa.insert(attempts).values(
        {name: sa.bindparam(name) for name in _ATTEMPT_NAMES} | {"content_digest": sa.literal_column("''")}
    ),
)


def verdicts_of(
    driver: Driver, merchant_id: str, ids: Sequence[str]
) -> tuple[dict[tuple[str, int], str], dict[str, dict[int, LeftOpen]]]:
    """Return the verdicts of attempts, and those attempts that are in doubt beside their recipients."""
    verdicts: dict[tuple[str, int], str] = {}
    left_open: dict[str, dict[int, LeftOpen]] = {}
    for recipient_id, epoch, generation, verdict, is_left_open in driver.rows(_VERDICTS, (merchant_id, ids)):
        verdicts[recipient_id, epoch] = verdict
        if is_left_open:
            left_open.setdefault(recipient_id, {})[epoch] = LeftOpen(generation, verdict)
    return verdicts, left_open

"""Checks of what texts cost, and whether the shop's credit pays for them. Pure."""

from collections.abc import Iterable

from campaignkit.insight.preflight.findings import Finding, Known, blocker, counted, warning

__all__ = ["check_credit"]


def check_credit(known: Known) -> Iterable[Finding]:
    """What is available, and will not expire too early, pays for all texts."""
    need = known.credit
    if need is None:
        return
    if need.is_price_missing:
        yield blocker(
            "no_price_table",
            "No list of prices is in force at the start.",
            "Give the kit a list of prices that is in force by then.",
        )
        return
    if need.unpriced_count:
        yield warning(
            "unknown_prefix",
            f"There is no price for the numbers of {counted(need.unpriced_count, 'recipient', 'recipients')}.",
            "Add their prefixes to the price list; without a price nothing is sent to them.",
            count=need.unpriced_count,
        )
    if need.missing <= 0:
        return
    expiring = f", {need.expiring} of them expire before the last text" if need.expiring else ""
    message = f"The texts need {need.needed} credits; {need.available} are available{expiring}."
    if known.campaign.is_partial:
        yield warning("insufficient_credit", message, "Grant credit, or be content with those whom it pays for.")
    else:
        yield blocker("insufficient_credit", message, "Grant credit, or make the campaign with partial=True.")

"""What a host adds to the mail of all its merchants: return paths, signatures, whom providers report to. Pure."""

from collections.abc import Callable, Mapping

import attrs

from campaignkit.message.campaign_headers import FeedbackId
from campaignkit.message.dkim import DkimSigner
from campaignkit.message.headers import ascii_domain

__all__ = ["MailSettings"]

Signers = Mapping[str, DkimSigner] | Callable[[str], DkimSigner | None]


def _known_sender(_: object, __: object, sender: str | None) -> None:
    if sender is not None:
        _ = FeedbackId(sender=sender).value  # raises ValueError where Gmail would not take it


@attrs.frozen(kw_only=True)
class MailSettings:
    """Settings of the host, for all its merchants.

    Args:
        bounce_domain: Where bounces are read, such as ``bounces.shop.example``: each recipient then has a return path
            of their own, signed with the keys of ``LinkSettings``. Without it bounces go to the sender's address.
        feedback_sender: 5 to 15 characters that stand for the host in ``Feedback-ID``.
        signers: DKIM keys by the domain of the sender's address, in ASCII, or a function of that domain.

    Raises:
        ValueError: *feedback_sender* is none.
    """

    bounce_domain: str | None = None
    feedback_sender: str | None = attrs.field(default=None, validator=_known_sender)
    signers: Signers = attrs.field(factory=dict, repr=False)

    def signer_for(self, address: str) -> DkimSigner | None:
        """Return the key that signs mail from *address*, or None."""
        domain = address.rpartition("@")[2].lower()
        domain = domain if domain.isascii() else ascii_domain(domain)
        return self.signers.get(domain) if isinstance(self.signers, Mapping) else self.signers(domain)

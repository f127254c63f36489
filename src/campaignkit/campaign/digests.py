"""What a campaign's messages are made of, and who carries them: both in, one digest out. Pure."""

import hashlib
import json

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.senders import Sender

__all__ = ["message_digest"]


def message_digest(campaign: Campaign, sender: Sender) -> str:
    """Return a digest of all that the campaign's message is made of, and of the account that carries it.

    Another one makes a test stale, and what is in doubt another message: no other provider knows it again.
    """
    parts = (
        *(campaign.content_id, campaign.values, campaign.supplier, campaign.headers, sorted(campaign.link_targets)),
        [(file.digest, file.filename, file.content_id) for file in campaign.files],
        *(campaign.sender_id, sender.account, sender.display_name, sender.address, sender.reply_to, campaign.kind),
    )
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()

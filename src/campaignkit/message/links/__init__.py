"""Links: who may do what in, signed URLs and return paths out, and back.

The links that an author wrote are found, checked, and replaced by placeholders for signed ones.
"""

from campaignkit.message.links.checking import LinkFinding, Reach, check_links
from campaignkit.message.links.finding import Link, find_links
from campaignkit.message.links.rewriting import LinkPlan, rewrite_links
from campaignkit.message.links.settings import LinkSettings
from campaignkit.message.links.targets import LinkProblem, check_target
from campaignkit.message.links.tokens import TokenClaims, TokenPurpose, make_token, read_token
from campaignkit.message.links.urls import (
    CampaignLinks,
    bounce_address,
    click_url,
    link_names,
    open_url,
    read_bounce_address,
    unsubscribe_url,
)

__all__ = [
    "CampaignLinks",
    "Link",
    "LinkFinding",
    "LinkPlan",
    "LinkProblem",
    "LinkSettings",
    "Reach",
    "TokenClaims",
    "TokenPurpose",
    "bounce_address",
    "check_links",
    "check_target",
    "click_url",
    "find_links",
    "link_names",
    "make_token",
    "open_url",
    "read_bounce_address",
    "read_token",
    "rewrite_links",
    "unsubscribe_url",
]

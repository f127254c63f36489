"""What a merchant wrote in, the content as a campaign keeps it out: opt-out text added, links ready to be followed."""

from collections.abc import Sequence

import attrs

from campaignkit.campaign.campaign import CampaignKind, MerchantSettings
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.message.links import rewrite_links
from campaignkit.message.sms import with_opt_out

__all__ = ["Written", "written"]


@attrs.frozen(kw_only=True)
class Written:
    """A content as it is kept, and where its numbered links lead."""

    content: EmailContent | SmsContent
    targets: tuple[str, ...] = ()


def written(
    content: EmailContent | SmsContent,
    *,
    kind: CampaignKind,
    settings: MerchantSettings,
    is_tracking_clicks: bool,
    is_tracking_opens: bool,
    known_targets: Sequence[str] = (),
) -> Written:
    """Return *content* as it is to be kept.

    Args:
        known_targets: Of the content before: mails with their numbers are on their way, so they keep them.
    """
    if isinstance(content, SmsContent):
        is_opt_out_due = kind is CampaignKind.MARKETING and settings.text_opt_out
        text = with_opt_out(content.text, settings.text_opt_out).text if is_opt_out_due else content.text
        return Written(content=attrs.evolve(content, text=text), targets=tuple(known_targets))
    if not is_tracking_clicks and not is_tracking_opens:
        return Written(content=content, targets=tuple(known_targets))
    plan = rewrite_links(
        content,
        with_open_picture=is_tracking_opens,
        is_tracked=None if is_tracking_clicks else lambda _url: False,
        known_targets=known_targets,
    )
    return Written(content=plan.content, targets=plan.targets)

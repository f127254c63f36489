"""Merchant: the verbs that a shop's campaigns are made, checked, sent and explained with. Thin."""

from campaignkit.kit.campaign_verbs import CampaignVerbs
from campaignkit.kit.doubt_verbs import DoubtVerbs
from campaignkit.kit.forecasting import ForecastVerbs
from campaignkit.kit.merge_verbs import MergeVerbs
from campaignkit.kit.previewing import PreviewVerbs
from campaignkit.kit.sending_verbs import SendingVerbs

__all__ = ["Merchant"]


class Merchant(CampaignVerbs, ForecastVerbs, PreviewVerbs, MergeVerbs, DoubtVerbs, SendingVerbs):
    """A handle on one merchant's campaigns; made by ``CampaignKit.merchant``. Every verb passes one door."""

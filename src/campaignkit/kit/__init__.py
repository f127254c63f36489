"""The host's verbs: CampaignKit, and Merchant whose verbs all pass one door."""

from campaignkit.kit.door import Actor, Permission
from campaignkit.kit.kit import CampaignKit
from campaignkit.kit.merchant import Merchant

__all__ = ["Actor", "CampaignKit", "Merchant", "Permission"]

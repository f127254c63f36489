"""campaignkit."""

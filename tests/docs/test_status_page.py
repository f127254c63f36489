"""The page on statuses shows what the tables say."""

import pytest

from campaignkit.campaign.status import (
    CAMPAIGN_TRANSITIONS,
    RECIPIENT_TRANSITIONS,
    CampaignEvent,
    CampaignStatus,
    RecipientEvent,
)
from docs.draw_status import PAGE, diagram, drawn


def test_the_page_is_what_the_tables_give() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == drawn(page), "run python docs/draw_status.py"


def test_a_stale_diagram_is_drawn_anew() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert drawn(page.replace("pending --> claimed: claim", "pending --> sent: claim")) == page


def test_a_page_without_a_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for campaign diagram"):
        drawn("# Statuses")


def test_every_move_of_the_tables_is_drawn() -> None:
    campaign, recipient = diagram(CAMPAIGN_TRANSITIONS), diagram(RECIPIENT_TRANSITIONS)

    for picture, table in ((campaign, CAMPAIGN_TRANSITIONS), (recipient, RECIPIENT_TRANSITIONS)):
        for status, moves in table.items():
            for event, target in moves.items():
                lines = [line for line in picture.splitlines() if line.strip().startswith(f"{status} --> {target}:")]
                assert len(lines) == 1
                assert event.value in lines[0].partition(": ")[2].split(", ")


def test_moves_between_two_statuses_share_an_arrow() -> None:
    table = {
        CampaignStatus.DRAFT: {
            CampaignEvent.SCHEDULE: CampaignStatus.SENDING,
            CampaignEvent.START: CampaignStatus.SENDING,
        },
        CampaignStatus.SENDING: {},
    }

    assert diagram(table).splitlines()[2:] == ["    draft --> sending: schedule, start", "    sending --> [*]"]


def test_every_event_of_a_recipient_is_told_in_words() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert [event for event in RecipientEvent if f"`{event}`" not in page] == []

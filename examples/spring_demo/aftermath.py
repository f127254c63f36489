"""Afterwards: the judge speaks, three people are explained, and what is finished stays finished."""

from datetime import datetime
from pathlib import Path
from typing import Any

import campaignkit as ck
from campaignkit.errors import NotEditable
from examples.spring_demo.children import StoryFailed
from examples.spring_demo.judge import Books, ask_clerk, judge_places, read_log
from examples.spring_demo.shop import MONDAY, Places, find_campaign, local, open_kit
from examples.spring_demo.voice import Voice

__all__ = ["explain_three", "pass_judgement", "shorten", "stay_finished", "tell_story"]


def pass_judgement(places: Places, books: Books, voice: Voice) -> bool:
    """Tell every check, and return whether all of them hold."""
    voice.act("6. Judged from outside")
    voice.say("The rows by Python's csv alone, the mails by the server's log alone,")
    voice.say("the books by a fresh process that has only the SQLite file:")
    checks = judge_places(places, books)
    for check in checks:
        voice.check(check.text, is_ok=check.is_ok)
    return all(check.is_ok for check in checks)


def explain_three(places: Places, books: Books, voice: Voice, *, refused: str, friday_count: int) -> None:
    """Tell what became of a duplicate, of the one who was refused, and of the first who waited for Monday."""
    voice.act("7. Three people, explained")
    patient = read_log(places.log)[friday_count].to
    asked = (_first_duplicate(books), refused, patient)
    for who, story in zip(asked, ask_clerk(places, *asked), strict=True):
        tell_story(who, story, voice)


def stay_finished(places: Places, voice: Voice) -> None:
    """Try to edit the finished campaign, and copy it."""
    voice.act("8. What is finished stays finished")
    with open_kit(places.database, ck.FrozenClock(MONDAY.replace(hour=12))) as kit:
        flora = kit.merchant("flora", actor=ck.Actor("ann"))
        campaign = find_campaign(flora)
        try:
            flora.update_campaign(campaign.id, name="Summer is here")
        except NotEditable as refused:
            voice.say(f"An edit is refused: {refused}.", "red")
        else:
            raise StoryFailed("a finished campaign was edited")
        copy = flora.copy(campaign.id, name="Summer is here")
        start = "no start" if copy.start_at is None else f"the start {copy.start_at}"
        recipient_count = flora.counts(copy.id).recipients
        voice.say(f"A copy may be edited: it is a {copy.status} with {start} and {recipient_count} recipients.")
        if copy.start_at is not None or recipient_count:
            raise StoryFailed("a copy brought its schedule or its recipients with it")
    voice.say(f"The delivered mails lie in {shorten(places.mails)}, the server's log beside them.")


def shorten(path: Path) -> Path:
    """Return *path* as seen from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _first_duplicate(books: Books) -> str:
    for row in books.exclusions:
        if row.reason == "duplicate":
            return f"row {row.row}"
    raise StoryFailed("the list has no duplicate to explain")


def tell_story(who: str, story: dict[str, Any], voice: Voice) -> None:
    """Tell what became of one row, step by step."""
    voice.say(f"{who}: {story['code'].replace('_', ' ')}", "bold")
    for step in story["trail"]:
        voice.say(f"   {local(datetime.fromisoformat(step['at']))}  {step['why']}")

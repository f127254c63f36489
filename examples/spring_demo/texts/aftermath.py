"""Monday evening: the judge speaks, the gateway's bill is laid beside the books, three people are explained."""

from collections.abc import Sequence

import campaignkit as ck
from examples.spring_demo.aftermath import shorten, tell_story
from examples.spring_demo.shop import Places
from examples.spring_demo.texts.judge import TextBooks, judge_text_places, read_texts
from examples.spring_demo.texts.scene import EVENING, open_text_kit
from examples.spring_demo.voice import Voice

__all__ = ["compare_bill", "explain_texts", "find_three", "pass_text_judgement"]


def pass_text_judgement(places: Places, books: TextBooks, voice: Voice) -> bool:
    """Tell every check, and return whether all of them hold."""
    voice.act("14. The texts, judged from outside")
    voice.say("The rows by Python's csv alone, the texts and their parts by the gateway's log alone,")
    voice.say("the books by a fresh process that has only the SQLite file:")
    checks = judge_text_places(places, books)
    for check in checks:
        voice.check(check.text, is_ok=check.is_ok)
    return all(check.is_ok for check in checks)


def compare_bill(places: Places, voice: Voice) -> None:
    """Lay the gateway's bill beside the books, line by line."""
    bill = [ck.BillLine(text.id, text.cost) for text in read_texts(places.texts_log)]
    with open_text_kit(places.database, ck.FrozenClock(EVENING)) as kit:
        found = kit.merchant("flora").credits.reconcile(bill)
    voice.say(f"The gateway bills {found.billed} credits in {len(bill)} lines, the books know {found.spent} as spent.")
    for one in found.differences:
        voice.say(f"   {one.key}: {one.reason.replace('_', ' ')}, {one.excess} more than was spent", "yellow")
    voice.say("It is the one in doubt, whose id no worker ever heard: the bill is evidence that it was taken.")


def find_three(places: Places, *, abroad_row: int, dry_count: int) -> tuple[str, ...]:
    """Return who is to be explained: a number abroad, the one in doubt, and the first who waited for credit."""
    texts = read_texts(places.texts_log)
    doubted = next(text.to for text in texts if text.is_withheld)
    return (f"row {abroad_row}", doubted, texts[dry_count].to)


def explain_texts(places: Places, asked: Sequence[str], books: TextBooks, voice: Voice) -> None:
    """Tell what became of those who were *asked* for."""
    voice.act("15. Three more people, explained")
    for who, story in zip(asked, books.stories, strict=True):
        tell_story(who, story, voice)
    voice.say(f"What the gateway took stands in {shorten(places.texts_log)}.")

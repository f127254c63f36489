"""The story, act by act. Starts every process and, whatever happens, leaves none behind."""

import time

from examples.spring_demo.aftermath import explain_three, pass_judgement, stay_finished
from examples.spring_demo.children import Family, StoryFailed
from examples.spring_demo.judge import read_books
from examples.spring_demo.preparation import prepare
from examples.spring_demo.shop import Places
from examples.spring_demo.texts.story import tell_texts
from examples.spring_demo.voice import Voice
from examples.spring_demo.weekend import Weekend

__all__ = ["tell"]


def tell(places: Places, voice: Voice) -> int:
    """Tell the story and return 0; 1 if a check does not hold, or something that was to come did not."""
    began = time.monotonic()
    voice.title("Flora writes to her customers: spring is here.")
    voice.say("The servers, the workers and the kills are real. Only the clock is not: the weekend takes seconds.")
    try:
        is_just = _play(places, voice)
    except StoryFailed as failure:
        voice.say("")
        voice.say(f"NOT OK  The story broke off: {failure}", "bold red")
        return 1
    voice.say(f"Told in {time.monotonic() - began:.0f} seconds.")
    return 0 if is_just else 1


def _play(places: Places, voice: Voice) -> bool:
    places.clear()
    prepared = prepare(places, voice)
    with Family(places.out) as family:
        weekend = Weekend(family, voice, places, prepared.recipient_count)
        weekend.send_on_friday()
        weekend.send_on_monday()
    books = read_books(places)
    is_just = pass_judgement(places, books, voice)
    refused = weekend.address_that_got("550")
    explain_three(places, books, voice, refused=refused, friday_count=weekend.friday_count)
    stay_finished(places, voice)
    return tell_texts(places, voice) and is_just

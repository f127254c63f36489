"""The second half, act by act. Starts its processes and, whatever happens, leaves none behind."""

from examples.spring_demo.children import Family
from examples.spring_demo.shop import Places
from examples.spring_demo.texts.aftermath import compare_bill, explain_texts, find_three, pass_text_judgement
from examples.spring_demo.texts.afternoon import Afternoon
from examples.spring_demo.texts.cards import prepare_texts
from examples.spring_demo.texts.judge import read_text_books
from examples.spring_demo.voice import Voice

__all__ = ["tell_texts"]


def tell_texts(places: Places, voice: Voice) -> bool:
    """Tell the half about texts and return whether every check holds.

    Raises:
        StoryFailed: something that was to come did not.
    """
    voice.say("")
    voice.title("Flora writes texts, too, and texts cost money.")
    prepared = prepare_texts(places, voice)
    with Family(places.out) as family:
        afternoon = Afternoon(family, voice, places, prepared)
        afternoon.send_until_dry()
        afternoon.go_on_after_grant()
    asked = find_three(places, abroad_row=prepared.abroad_row, dry_count=afternoon.dry_count)
    books = read_text_books(places, *asked)
    is_just = pass_text_judgement(places, books, voice)
    compare_bill(places, voice)
    explain_texts(places, asked, books, voice)
    return is_just

"""What the pages behind links say, in the merchant's language. Values only."""

import attrs

__all__ = ["PageTexts", "page_texts"]


@attrs.frozen(kw_only=True)
class PageTexts:
    """The sentences of the pages in one language; ``{shop}`` becomes the shop's name."""

    language: str
    ask_title: str
    ask: str
    ask_of: str
    button: str
    done_title: str
    done: str
    done_of: str
    invalid_title: str
    invalid: str
    incomplete: str


_TEXTS = {
    "en": PageTexts(
        language="en",
        ask_title="Unsubscribe",
        ask="Do you want to get no more of these messages?",
        ask_of="Do you want to get no more messages from {shop}?",
        button="Unsubscribe",
        done_title="You are unsubscribed",
        done="You will get no more of these messages.",
        done_of="You will get no more messages from {shop}.",
        invalid_title="This link does not work",
        invalid="It is incomplete, too old, or was changed on its way. Please use the newest message you got.",
        incomplete="Please open the link in the message again and use the button.",
    ),
    "pl": PageTexts(
        language="pl",
        ask_title="Rezygnacja",
        ask="Czy chcesz przestać otrzymywać te wiadomości?",
        ask_of="Czy chcesz przestać otrzymywać wiadomości od {shop}?",
        button="Rezygnuję",
        done_title="Gotowe, wypisano",
        done="Nie wyślemy więcej tych wiadomości.",
        done_of="Nie będzie więcej wiadomości od {shop}.",
        invalid_title="Ten link nie działa",
        invalid="Jest niepełny, zbyt stary albo został zmieniony po drodze. Użyj najnowszej otrzymanej wiadomości.",
        incomplete="Otwórz ponownie link z wiadomości i użyj przycisku.",
    ),
}


def page_texts(language: str) -> PageTexts:
    """Return the texts of *language*, such as ``pl`` or ``pl-PL``; English where there are none.

    >>> page_texts("pl-PL").button, page_texts("").language
    ('Rezygnuję', 'en')
    """
    return _TEXTS.get(language[:2].lower(), _TEXTS["en"])

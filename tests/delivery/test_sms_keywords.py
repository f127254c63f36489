"""STOP, START and HELP, as people write them."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.delivery import sms_keywords
from campaignkit.delivery.sms_keywords import STOP_WORDS, KeywordKind, read_keyword


def test_examples():
    assert doctest.testmod(sms_keywords).failed == 0


@pytest.mark.parametrize(
    "text",
    [
        *(
            "STOP",
            "stop",
            "Stop.",
            '"STOP"',
            "“stop”",
            " stop \r\n",
            "STOP!!!",
            "s\u200btop",
            "ＳＴＯＰ",
            "'stop'",
            "-stop-",
        ),
        *("STOPALL", "Stop all", "UNSUBSCRIBE", "cancel", "END", "quit", "Revoke", "OPTOUT", "opt-out", "Opt out."),
        *("ARRET", "Arrêt", "BAJA", "WYPISZ"),
    ],
)
def test_a_stop_word_alone_is_certain(text):
    keyword = read_keyword(text)

    assert keyword is not None
    assert (keyword.kind, keyword.is_certain) == (KeywordKind.STOP, True)


@pytest.mark.parametrize(
    "text",
    [
        *("please stop", "STOP texting me", "Please cancel my order", "stop it now!", "why don't you quit"),
        *("Remove me from your list", "don’t text me again", "wrong number", "leave me alone!!", "yes, stop"),
    ],
)
def test_a_phrase_that_means_stop_holds_until_a_person_has_read_it(text):
    keyword = read_keyword(text)

    assert keyword is not None
    assert (keyword.kind, keyword.is_certain) == (KeywordKind.STOP, False)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("START", "start"), ("Yes!", "start"), ("unstop", "start"), ("HELP", "help"), ("info?", "help")],
)
def test_start_and_help(text, kind):
    keyword = read_keyword(text)

    assert keyword is not None
    assert (keyword.kind.value, keyword.is_certain) == (kind, True)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "yes please", "help me", "thanks!", "the weekend", "nonstop", "stopover", "😀", "when do you start"],
)
def test_everything_else_asks_for_nothing(text):
    assert read_keyword(text) is None


@given(st.text())
def test_nobody_opts_in_by_accident(text):
    keyword = read_keyword(text)

    if keyword is not None and keyword.kind is KeywordKind.START:
        assert len("".join(filter(str.isalnum, text.casefold()))) <= 6


@given(st.sampled_from(sorted(STOP_WORDS)), st.text(max_size=30), st.text(max_size=30))
def test_a_stop_word_anywhere_between_blanks_is_never_overheard(word, before, after):
    keyword = read_keyword(f"{before} {word} {after}")

    assert keyword is not None
    assert keyword.kind is KeywordKind.STOP


def test_a_host_adds_words_of_its_own():
    assert read_keyword("Basta", stop_words={"basta"}) is not None
    assert read_keyword("stop", stop_words={"basta"}) is None

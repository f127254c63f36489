"""How to stop the texts: told or not, appended once, counted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses.channel import RejectionCode
from campaignkit.message.sms import OPT_OUT_WORDS, check_opt_out, count_parts, has_opt_out, with_opt_out

TOLD = (
    *("Tulips are in. Reply STOP to end", "Txt STOP", "Text STOP to quit.", 'Reply "STOP"', "Msg STOP 2 end"),
    *("reply with stop to opt out", "TXT STOP TO END", "STOP TO END", "STOP=end", "Opt out: STOP", "STOP"),
    *("Send us the word STOP", "Reply END", "QUIT to leave", "STOPALL", "UNSUBSCRIBE to 12345", "CANCEL 12345"),
    *("Odpisz STOP", "Wyślij STOP na 7030", "STOP au 36180", "Répondez ARRET", "envoyez ARRÊT", "Antworte mit STOP"),
    *("Reply STOP to {{ merchant.name }}", "Reply OPT-OUT", "...\nSTOP to cancel\n"),
)
NOT_TOLD = (
    *("", "Tulips are in", "Stop by our shop", "STOP BY OUR SHOP", "END of season", "Until the END", "the weekend"),
    *("Text us by the end of the week", "reply end", "don't STOP now", "Non-STOP music", "CANCEL 24h before"),
    *('Tulips {{ customer.name | default: "STOP" }}', "Tulips {{ customer.stop }}"),
    *("Our BACKEND to end", "STOPPED to end", "nonstop", "Unstoppable: stop", "Cancelled? Call us"),
)


@pytest.mark.parametrize("text", TOLD)
def test_texts_that_tell_it(text):
    assert has_opt_out(text)
    assert check_opt_out(text) is None
    assert with_opt_out(text).text == text
    assert not with_opt_out(text).was_added


@pytest.mark.parametrize("text", NOT_TOLD)
def test_texts_that_do_not_tell_it(text):
    done = with_opt_out(text)

    assert not has_opt_out(text)
    assert done.was_added
    assert done.text == f"{text} STOP to end".lstrip()


def test_what_is_missing_is_said_in_a_sentence():
    rejection = check_opt_out("Tulips are in")

    assert rejection is not None
    assert (rejection.code, rejection.field) == (RejectionCode.MISSING, "text")
    assert rejection.full_message == (
        "The text does not say how to stop these messages. Add for example: Reply STOP to end."
    )


def test_a_merchants_own_sentence_counts_whatever_its_words_are():
    own = "Rezygnacja: wypisz się w sklepie"

    assert check_opt_out("Tulipany! rezygnacja:  WYPISZ się w sklepie.", opt_out=own) is None
    assert check_opt_out("Tulipany!", opt_out=own) is not None
    assert check_opt_out("Tulipany!", opt_out=" ") is not None
    assert with_opt_out("Tulipany!", own, separator="\n").text == f"Tulipany!\n{own}"


def test_words_are_the_hosts_choice():
    assert has_opt_out("Odpisz WYPISZ", words=["WYPISZ"])
    assert not has_opt_out("Reply STOP", words=["WYPISZ"])
    assert not has_opt_out("Reply STOP", words=[])
    assert {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "ARRET"} <= set(
        OPT_OUT_WORDS
    )


def test_it_is_counted():
    done = with_opt_out("a" * 155)

    assert (done.old.parts, done.new.parts) == (1, 2)
    assert done.new == count_parts(done.text)
    assert (done.old.units, done.new.units) == (155, 167)
    assert "aaa" not in repr(done)


def test_a_blank_sentence_is_a_bad_call():
    with pytest.raises(ValueError, match="is blank"):
        with_opt_out("Tulips", " ")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["STOP to end", "Txt STOP", "wypisz: sklep"]))
def test_it_is_appended_once(text, opt_out):
    once = with_opt_out(text, opt_out)

    assert not with_opt_out(once.text, opt_out).was_added
    assert once.text.startswith(text.rstrip())
    assert check_opt_out(once.text, opt_out=opt_out) is None

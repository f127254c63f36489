"""Spellings in GSM-7: alphabets of shops, typography, what is left and named; never in links and placeholders."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.message.sms import (
    EXTENSION_SPELLINGS,
    SPELLINGS,
    SmsEncoding,
    cheaper_spellings,
    count_parts,
    is_gsm7,
    transliterate,
    transliterate_template,
)
from campaignkit.message.sms.places import PlaceKind, find_places
from campaignkit.message.templates import compile_template
from tests.message.sms_texts import DOUBLE, TABLE

ALPHABETS = {
    "Polish": ("ąćęłńóśźż ĄĆĘŁŃÓŚŹŻ", "acelnoszz ACELNOSZZ"),
    "Turkish": ("çğıöşü ÇĞİÖŞÜ", "cgiösü ÇGIÖSÜ"),
    "Czech": ("áčďéěíňóřšťúůýž ÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ", "acdéeinorstuuyz ACDÉEINORSTUUYZ"),
    "Slovak": ("áäčďéíĺľňóôŕšťúýž", "aäcdéillnoorstuyz"),
    "Hungarian": ("áéíóöőúüű ÁÉÍÓÖŐÚÜŰ", "aéioööuüü AÉIOÖÖUÜÜ"),
    "Romanian": ("ăâîșțşţ ĂÂÎȘȚŞŢ", "aaistst AAISTST"),
    "Croatian": ("čćđšž ČĆĐŠŽ", "ccdsz CCDSZ"),
    "Lithuanian": ("ąčęėįšųūž", "aceeisuuz"),
    "Latvian": ("āčēģīķļņšūž", "acegiklnsuz"),
    "Estonian": ("äõöüšž", "äoöüsz"),
    "Icelandic": ("áðéíóúýþæö ÐÞ", "adéiouythæö DTh"),
    "French": ("àâæçèéêëîïôœùûüÿ ÀÂÇÈÊËÎÏÔŒÙÛŸ", "àaæcèéeeiiooeùuüy AAÇEEEIIOOEUUY"),
    "Spanish": ("áéíñóúü¿¡ ÁÍÓÚ", "aéiñouü¿¡ AIOU"),
    "Portuguese": ("ãâáàçéêíõôóú", "aaaàcéeiooou"),
    "Vietnamese": ("Nguyễn Đức Thượng ở đây", "Nguyen Duc Thuong o day"),
    "Maltese": ("ċġħż", "cghz"),
    "Welsh": ("ŵŷ ŴŶ", "wy WY"),
    "German": ("äöüßẞ ÄÖÜ", "äöüßSS ÄÖÜ"),
}


@pytest.mark.parametrize(("letters", "spelled"), ALPHABETS.values(), ids=ALPHABETS)
def test_alphabets(letters, spelled):
    done = transliterate(letters)

    assert done.text == spelled
    assert done.left == ()
    assert done.new.encoding is SmsEncoding.GSM7


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("“Sale” „dziś” «ici» ‘a’ it’s", '"Sale" "dzis" "ici" \'a\' it\'s'),
        ("9–17 — co‑op − 5 • one", "9-17 - co-op - 5 - one"),
        ("and more… ‥", "and more... .."),
        ("10\u00a0zł\u202f5\u2009%\tnow\u3000!", "10 zl 5 % now !"),
        ("one\u2028two\u2029three\u0085", "one\ntwo\nthree\n"),
        ("zero\u200bwidth, soft\u00adhyphen, \ufeffmark", "zerowidth, softhyphen, mark"),
        ("e\u0301 z\u0307 Z\u030c l\u0301 o\u0308", "é z Z l ö"),
        ("𝐒𝐚𝐥𝐞 Ｓａｌｅ ﬁne ª", "Sale Sale fine a"),
        ("5 ₺ Flora™ ® © № 7 2×3", "5 TL Flora(TM) (R) (C) No. 7 2x3"),
        ("∆ Ώ Å", "Δ Ω Å"),
    ],
)
def test_typography_and_other_ways_to_type_a_letter(text, spelled):
    assert transliterate(text).text == spelled


@pytest.mark.parametrize("text", ["≠", "≮", "ж", "й", "ά", "안", "😀", "°", "½", "m²", "¢", "日本", "ﷺ", "\x1b"])
def test_what_has_no_safe_spelling_is_left_and_named(text):
    done = transliterate(f"a{text}b")

    assert done.text == f"a{text}b"
    assert done.replacements == ()
    assert {(left.found, left.reason.value) for left in done.left} == {
        (letter, "unknown") for letter in text if letter != "m"
    }
    assert done.parts_saved == 0


def test_each_replacement_is_told_with_its_places():
    done = transliterate("Żółw, żółw")

    told = [(one.found, one.spelling, one.positions, one.count) for one in done.replacements]
    assert told == [("Ż", "Z", (0,), 1), ("ó", "o", (1, 7), 2), ("ł", "l", (2, 8), 2), ("ż", "z", (6,), 1)]
    assert done.text == "Zolw, zolw"
    assert "Zolw" not in repr(done).replace(repr(done.replacements), "")


def test_old_and_new_parts_are_told():
    done = transliterate("ż" * 80)

    assert (done.old.parts, done.new.parts, done.parts_saved) == (2, 1, 1)
    assert (done.old.encoding.value, done.new.encoding.value) == ("ucs2", "gsm7")


def test_one_character_that_is_left_makes_the_others_vain_and_the_report_says_so():
    done = transliterate("Zażółć… " * 7 + "😀")

    assert (done.old.parts, done.new.parts, done.parts_saved) == (1, 2, -1)
    assert [(left.found, left.count) for left in done.left] == [("😀", 1)]


@pytest.mark.parametrize(
    "link",
    [
        "https://żółw.pl/oferta–dziś?a=ł#ś",
        "http://shop.example/ż",
        "HTTPS://SHOP.EXAMPLE/Ż",
        "www.żółw.pl",
        "żółw.pl",
        "kwiaty-łódź.pl/oferta",
        "ann@żółw.pl",
        "ł.ś@example.com",
        "@żółw",
        "mailto:ł@example.com",
        "tel://ż",
        "sklep.xn--p1ai/ż",
        "жук.рф",
        "ło\u0301dz\u0301.pl",  # accents typed behind their letters
        "żółw\u200b.pl",
        "żółw.\u00adpl",
        "żółw。pl",
        "łódź.z\u0307x",
    ],
)
@pytest.mark.parametrize("around", ["{}", "ł {} ł", "„{}”,", "({}).", "więcej:{}", "{}…", "ż\n{}\nż"])
def test_links_are_never_touched(link, around):
    done = transliterate(around.format(link))

    assert link in done.text
    assert is_gsm7(done.text.replace("więcej:", "").replace(link, ""))
    assert {left.reason.value for left in done.left} <= {"link"}


@pytest.mark.parametrize(
    "text", ["Czekamy...już", "dziś.\nJutro", "w pt.–sob. ż", "ż.a", "9.ż", "„dziś”.Jutro", "ż…żż"]
)
def test_a_dot_makes_no_link_of_everything(text):
    assert is_gsm7(transliterate(text).text)


def test_words_around_a_link_are_respelt():
    assert transliterate("Żółw: „https://żółw.pl”… już").text == 'Zolw: "https://żółw.pl"... juz'


SOURCE = 'Cześć {{ customer.name | default: "Gość" }}, „{{ a.b }}” na https://żółw.pl/{{ a.c }}/ż już!'


def test_placeholders_of_a_template_are_left_alone():
    done = transliterate_template(SOURCE)

    assert done.text == 'Czesc {{ customer.name | default: "Gość" }}, "{{ a.b }}" na https://żółw.pl/{{ a.c }}/ż juz!'
    before, after = compile_template(SOURCE, field="text"), compile_template(done.text, field="text")
    assert [slot.source for slot in after.placeholders] == [slot.source for slot in before.placeholders]
    assert {left.reason.value for left in done.left} == {"placeholder", "link"}


def test_merge_values_stay_as_the_customer_writes_them():
    done = transliterate_template("Dzień dobry, {{ customer.name }}!")

    assert compile_template(done.text, field="text").render({"customer": {"name": "Żółć"}}) == "Dzien dobry, Żółć!"


def test_tags_and_what_is_not_closed_are_left_alone():
    source = "{% if customer.imię %}ż{% endif %} ż {{ niezamknięte ż"

    assert transliterate_template(source).text == "{% if customer.imię %}z{% endif %} z {{ niezamknięte ż"


def test_parts_of_a_template_are_counted_without_its_placeholders():
    done = transliterate_template("ż" * 70 + "{{ customer.name }}" * 9)

    assert (done.old.units, done.new.units) == (70, 70)
    assert (done.old.parts, done.new.parts) == (1, 1)


def test_the_table_can_be_changed():
    mine = {**SPELLINGS, "°": " deg", "ó": "u", "ł": "ł"}

    done = transliterate("20°C, Łódź, góral, ł", spellings=mine)

    assert done.text == "20 degC, Ludz, gural, ł"
    assert [(left.found, left.reason.value) for left in done.left] == [("ł", "unknown")]


def test_the_table_holds_only_gsm7_that_is_cheaper():
    for character, spelling in SPELLINGS.items():
        assert character not in TABLE
        assert not set(spelling) - set(TABLE), character
        assert not set(spelling) & DOUBLE
    for character, spelling in EXTENSION_SPELLINGS.items():
        assert character in DOUBLE
        assert spelling in TABLE
        assert len(spelling) == 1


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_transliteration_tells_all_that_it_does(text):
    done = transliterate(text)

    spelled = {position: one for one in done.replacements for position in one.positions}
    told, place = "", 0
    while place < len(text):
        one = spelled.get(place)
        told += one.spelling if one else text[place]
        place += len(one.found) if one else 1
    assert told == done.text
    assert all(text[position:].startswith(one.found) for position, one in spelled.items())
    assert {left.found for left in done.left} >= {letter for letter in done.text if not is_gsm7(letter)}
    assert done.old == count_parts(text)
    assert done.new == count_parts(done.text)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_transliterating_twice_changes_nothing_more(text):
    once = transliterate(text)

    if all(one.spelling for one in once.replacements):  # else an accent may now stand behind another letter
        assert transliterate(once.text).text == once.text


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(string.ascii_letters + " .:/@{}%żł„”…\n😀"), max_size=60))
def test_placeholders_and_links_stay_in_any_source(source):
    done = transliterate_template(source)

    for place in find_places(source, is_template=True):
        assert source[place.start : place.end] in done.text
        assert place.kind in PlaceKind
    outside = re.findall(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", source, re.DOTALL)
    assert outside == re.findall(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", done.text, re.DOTALL)


def test_cheaper_spellings_of_a_text_in_ucs2():
    found = cheaper_spellings("Żółta róża… " * 10)

    assert found.spellings == (("Ż", "Z"), ("ó", "o"), ("ł", "l"), ("ż", "z"), ("…", "..."))
    assert found.without_spelling == ()
    assert (found.parts, found.parts_if_spelled_so) == (2, 1)


def test_cheaper_spellings_of_a_text_in_gsm7():
    found = cheaper_spellings("[20 %] ~5 €" * 14)

    assert found.spellings == (("[", "("), ("]", ")"), ("~", "-"))
    assert found.without_spelling == ("€",)
    assert (found.parts, found.parts_if_spelled_so) == (2, 2)
    assert cheaper_spellings("{" * 100).parts_if_spelled_so == 1


def test_what_has_no_cheaper_spelling_is_named():
    found = cheaper_spellings("ż😀ж https://żółw.pl")

    assert found.spellings == (("ż", "z"),)
    assert found.without_spelling == ("😀", "ж", "ż", "ó", "ł")
    assert (found.parts, found.parts_if_spelled_so) == (1, 1)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("aé€[żł…😀 "), max_size=200))
def test_every_costly_character_has_a_spelling_or_is_named(text):
    found = cheaper_spellings(text)

    named = {character for character, _ in found.spellings} | set(found.without_spelling)
    assert named == set(count_parts(text).costly_characters)


def test_a_long_word_is_read_in_one_go():
    """A long text without a blank, of all that a link could begin with: no pattern goes back and forth over it."""
    for piece in ("ż", "a.", "(", ")", "@", "{{", "{%", "://", "a.a", "ł\u0301"):
        transliterate_template(piece * 20_000)

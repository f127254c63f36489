"""Slips in well-known mail domains are pointed out, real neighbours never, and nothing is changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaignkit.addresses import EmailAddress, parse_email
from campaignkit.addresses.email_typos import ENDING_SLIPS, KNOWN_DOMAINS, PROVIDERS, SUGGESTED_MAX, suggest_domain

SLIPS = {
    "gmial.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gmal.com": "gmail.com",
    "gmai.com": "gmail.com",
    "gmaill.com": "gmail.com",
    "gnail.com": "gmail.com",
    "mgail.com": "gmail.com",
    "gmai1.com": "gmail.com",
    "gmail.con": "gmail.com",
    "gmail.cmo": "gmail.com",
    "gmail.comm": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.cm": "gmail.com",
    "gmial.con": "gmail.com",
    "gmial.co": "gmail.com",
    "hotnail.com": "hotmail.com",
    "hotmal.com": "hotmail.com",
    "hotmial.com": "hotmail.com",
    "hotmaill.co.uk": "hotmail.co.uk",
    "hotmai.fr": "hotmail.fr",
    "hotmail.couk": "hotmail.co.uk",
    "yaho.com": "yahoo.com",
    "yahooo.com": "yahoo.com",
    "yhaoo.co.uk": "yahoo.co.uk",
    "outlok.com": "outlook.com",
    "outloook.de": "outlook.de",
    "iclould.com": "icloud.com",
    "icoud.com": "icloud.com",
    "comast.net": "comcast.net",
    "comcast.nte": "comcast.net",
    "t-onlne.de": "t-online.de",
    "interja.pl": "interia.pl",
    "wp.lp.con": "wp.lp.com",
    "flora.con": "flora.com",
    "web.ogr": "web.org",
}

# Domains at which people have mailboxes, next door to the well-known ones.
REAL = [
    "ymail.com",
    "mail.com",
    "email.com",
    "fmail.com",
    "gail.com",
    "gmx.net",
    "gmx.de",
    "gmx.at",
    "gmx.com",
    "web.de",
    "me.com",
    "mac.com",
    "aol.com",
    "aon.at",
    "live.nl",
    "live.com",
    "msn.com",
    "yahoo.co.in",
    "yahoo.co.id",
    "yahoo.in",
    "yahoo.ca",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "outlook.com",
    "outlook.de",
    "gmail.com",
    "googlemail.com",
    "gmail.de",
    "gmail.pl",
    "icloud.com",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "wp.pl",
    "op.pl",
    "vp.pl",
    "o2.pl",
    "onet.pl",
    "onet.eu",
    "poczta.onet.pl",
    "interia.pl",
    "interia.eu",
    "gazeta.pl",
    "orange.fr",
    "free.fr",
    "sfr.fr",
    "laposte.net",
    "libero.it",
    "alice.it",
    "virgilio.it",
    "mail.ru",
    "ya.ru",
    "qq.com",
    "163.com",
    "comcast.net",
    "charter.net",
    "cox.net",
    "att.net",
    "rocketmail.com",
    "hushmail.com",
    "inbox.com",
    "hitmail.com",
    "earthling.net",
    "flora.com",
    "flora.co",
    "example.com",
    "shop.co",
    "yahoo.com.co",
    "company.cm",
    "oman.om",
    "goo.gl",
    "faß.de",
    "gmàil.com",
    "mail.gmail.com",
    "mail.gmial.com",
]


@pytest.mark.parametrize(("typed", "meant"), SLIPS.items(), ids=SLIPS)
def test_a_slip_is_pointed_out_and_not_mended(typed, meant):
    email = parse_email(f"Ann.Lee+x@{typed.title()}")

    assert isinstance(email, EmailAddress)
    assert email.suggestion == f"Ann.Lee+x@{meant}"
    assert (email.address, email.domain) == (f"Ann.Lee+x@{typed}", typed)


@pytest.mark.parametrize("domain", REAL)
def test_a_real_domain_is_never_called_a_slip(domain):
    email = parse_email(f"ann@{domain}")

    assert isinstance(email, EmailAddress)
    assert email.suggestion is None


def test_no_known_domain_is_called_a_slip_of_another():
    assert [domain for domain in KNOWN_DOMAINS if suggest_domain(domain) is not None] == []


def test_an_ending_that_is_a_slip_belongs_to_no_known_domain():
    assert {domain.rpartition(".")[2] for domain in KNOWN_DOMAINS}.isdisjoint(ENDING_SLIPS)


@pytest.mark.parametrize(("name", "endings"), PROVIDERS.items(), ids=PROVIDERS)
def test_every_provider_is_suggested_for_a_lost_letter(name, endings):
    for ending in endings:
        assert suggest_domain(f"{name[:2]}{name[3:]}.{ending}") == f"{name}.{ending}"


names = st.sampled_from(sorted(KNOWN_DOMAINS))


@given(names, st.integers(0, 20), st.sampled_from(["", "x", "o", "."]), st.booleans())
def test_what_is_suggested_is_never_itself_a_slip(domain, place, letter, drops):
    typed = domain[:place] + letter + domain[place + drops :]
    suggested = suggest_domain(typed)

    if suggested is not None:
        assert suggested != typed
        assert suggest_domain(suggested) is None


def test_the_memory_of_suggestions_is_bounded():
    for number in range(SUGGESTED_MAX + 10):
        suggest_domain(f"shop{number}.example")

    assert suggest_domain.cache_info().currsize == SUGGESTED_MAX

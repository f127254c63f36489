"""The numbered bad inputs that are email addresses: what is refused, with which code, and what is not."""

import pytest

from campaignkit.addresses import EmailAddress, Rejection, RejectionCode, parse_email

MALFORMED, AMBIGUOUS = RejectionCode.MALFORMED, RejectionCode.AMBIGUOUS
TOO_LONG, UNREACHABLE = RejectionCode.TOO_LONG, RejectionCode.UNREACHABLE

REFUSED = {
    "1 header injection": ("a@b.com\r\nBcc: x@y", MALFORMED),
    "2 trailing newline": ("a@b.com\n", MALFORMED),
    "2 trailing CRLF": ("a@b.com\r\n", MALFORMED),
    "3 NUL": ("a\0b@b.com", MALFORMED),
    "4 two in brackets": ("<aaa@bbb.com>ccc@ddd.com", MALFORMED),
    "5 bracket between": ("alice@example.org)bob@example.com", MALFORMED),
    "6 comma": ("a@b.com,c@d.com", AMBIGUOUS),
    "6 semicolon": ("a@b.com; c@d.com", AMBIGUOUS),
    "7 quoted": ('"a b"@c.com', MALFORMED),
    "8 encoded word": ("=?utf-8?q?ann?=@b.com", MALFORMED),
    "9 punycode": ("a@xn--a.com", MALFORMED),
    "9 punycode that decodes to nothing": ("a@xn--zzzzzz99.com", MALFORMED),
    "10 IPv4 literal": ("a@[192.0.2.1]", MALFORMED),
    "10 IPv6 literal": ("a@[IPv6:::1]", MALFORMED),
    "11 localhost": ("a@localhost", MALFORMED),
    "11 no ending": ("a@b", MALFORMED),
    "11 reserved for tests": ("a@shop.test", UNREACHABLE),
    "11 local network": ("a@printer.local", UNREACHABLE),
    "13 full-width domain": ("a@ｅxample.com", MALFORMED),
    "13 full-width name": ("ａnn@example.com", MALFORMED),
    "13 ideographic full stop": ("a@example。com", MALFORMED),
    "16 65 octets before the @": ("a" * 65 + "@b.com", TOO_LONG),
    "16 65 octets in 33 letters": ("é" * 33 + "@b.com", TOO_LONG),
    "16 255 octets": ("a" * 64 + "@" + ".".join(["b" * 61] * 3) + ".cccc", TOO_LONG),
    "17 leading dot": (".a@b.com", MALFORMED),
    "17 double dot": ("a..b@b.com", MALFORMED),
    "17 trailing dot": ("a@b.com.", MALFORMED),
    "17 dot before the @": ("a.@b.com", MALFORMED),
    "18 Kelvin sign": ("\u212a@b.com", MALFORMED),
    "20 NBSP": ("\u00a0a@b.com", MALFORMED),
    "20 ZWSP": ("a\u200b@b.com", MALFORMED),
    "20 BOM": ("\ufeffa@b.com", MALFORMED),
    "20 RTL mark": ("a@b.com\u200f", MALFORMED),
    "21 mailto": ("mailto:a@b.com", MALFORMED),
    "22 10 MB": ("a" * 10_000_000, TOO_LONG),
    "26 lone surrogate": ("\ud800@b.com", MALFORMED),
    "a name around it": ("Ann <ann@example.com>", MALFORMED),
    "no @": ("ann.example.com", MALFORMED),
    "two @": ("ann@@example.com", MALFORMED),
    "nothing before the @": ("@example.com", MALFORMED),
    "nothing after the @": ("ann@", MALFORMED),
    "a blank inside": ("ann lee@example.com", MALFORMED),
    "a number for a domain": ("ann@192.0.2.1", MALFORMED),
    "an underscore in the domain": ("ann@b_c.com", MALFORMED),
}

ACCEPTED = {
    "12 IDNA 2008": ("user@faß.de", "user@faß.de", "user@xn--fa-hia.de"),
    "12 its A-label": ("user@xn--fa-hia.de", "user@faß.de", "user@xn--fa-hia.de"),
    "14 another gmail": ("a.b+c@gmàil.com", "a.b+c@gmàil.com", "a.b+c@xn--gmil-1na.com"),
    "16 64 octets before the @": ("a" * 64 + "@b.com", "a" * 64 + "@b.com", "a" * 64 + "@b.com"),
    "18 capitals": ("A@B.COM", "A@b.com", "a@b.com"),
    "19 a leading hyphen": ("-oX@b.com", "-oX@b.com", "-ox@b.com"),
    "20 ASCII blanks": (" \ta@b.com\t ", "a@b.com", "a@b.com"),
    "gmail": ("Ann.Lee+shop@GMail.com", "Ann.Lee+shop@gmail.com", "annlee@gmail.com"),
    "googlemail": ("annlee@googlemail.com", "annlee@googlemail.com", "annlee@gmail.com"),
    "outlook keeps dots": ("ann.lee+shop@outlook.com", "ann.lee+shop@outlook.com", "ann.lee@outlook.com"),
    "others keep tags": ("ann.lee+shop@example.com", "ann.lee+shop@example.com", "ann.lee+shop@example.com"),
    "composed accents": ("e\u0301va@example.com", "\u00e9va@example.com", "\u00e9va@example.com"),
}


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_a_bad_address_is_refused_with_its_code(text, code):
    rejection = parse_email(text, row_number=7)

    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.field, rejection.row_number) == (code, "email", 7)
    assert rejection.message.endswith(".")
    assert len(rejection.value) <= 200
    rejection.value.encode()  # can be stored


@pytest.mark.parametrize(("text", "address", "key"), ACCEPTED.values(), ids=ACCEPTED)
def test_an_address_is_written_to_as_given_and_compared_by_its_key(text, address, key):
    email = parse_email(text)

    assert isinstance(email, EmailAddress)
    assert (email.address, email.key) == (address, key)
    assert email.domain == address.partition("@")[2]

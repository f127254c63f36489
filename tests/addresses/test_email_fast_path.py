"""What campaignkit says about an address without email-validator is what it says with it."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import email_validator
import pytest
from email_validator import EmailNotValidError, rfc_constants, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaignkit.addresses import EmailAddress, Rejection, parse_email
from campaignkit.addresses.email import check_with_library
from campaignkit.addresses.email_library import TESTED_VERSIONS, is_library_tested
from campaignkit.addresses.email_rules import DOMAINS_MAX, ROLE_NAMES, SPECIAL_USE_NAMES, read_domain
from tests.addresses.email_texts import make_email_text

PLAIN = "abcdefghijklmnopqrstuvwxyzABCXYZ0189!#$%&'*+-/=?^_`{|}~.@\"<>()[]\\,;: \t\n\r\0\x7f"
made_texts = st.randoms(use_true_random=False).map(make_email_text)
loose_texts = st.one_of(
    st.text(max_size=30),
    st.text(PLAIN, max_size=80),
    st.builds("{}@{}".format, st.text(PLAIN, max_size=70), st.text("ab-.01Xn@", min_size=1, max_size=70)),
    st.builds("{}@{}.com".format, st.text(max_size=12), st.text(max_size=12)),
    st.emails(),
)


def assert_same(text):
    """Compare verdict, address and reason with those that the library leads to."""
    expected, parsed = check_with_library(text.strip(" \t")), parse_email(text)

    if isinstance(parsed, Rejection):
        assert (parsed.code, parsed.message) == expected
    else:
        assert parsed == expected
        assert (hash(parsed), repr(parsed)) == (hash(expected), repr(expected))


@given(made_texts)
@settings(deadline=None, max_examples=1_000)
def test_addresses_of_all_kinds_get_the_librarys_verdict(text):
    assert_same(text)


@given(loose_texts)
@example("a@" + "b." * 125 + "co")
@example("a" * 64 + "@" + ".".join(["b" * 61] * 3) + ".com")
@example("a" * 63 + "@" + ".".join(["b" * 61] * 3) + ".comm")
@example("a@" + "b" * 63 + ".com")
@example("a@" + "b" * 64 + ".com")
@example("a@\u212a.com")
@settings(deadline=None, max_examples=500)
def test_loose_texts_get_the_librarys_verdict(text):
    assert_same(text)


@given(st.text("abAB01-.", max_size=12), st.sampled_from(["", ".com", ".test", ".c1", ".x-y", ".co.uk"]))
@settings(deadline=None, max_examples=500)
def test_a_domain_is_judged_as_the_library_judges_it(start, end):
    domain = start + end
    try:
        expected = validate_email(f"a@{domain}", check_deliverability=False).ascii_domain
    except EmailNotValidError:
        expected = None

    assert read_domain(domain) == expected


@pytest.mark.parametrize("around", ["a{}b@c.com", "{}@c.com", "a@b{}c.com", "a@{}c.com", "a@c.com{}", "a@b.{}"])
def test_every_ascii_character_is_judged_alike_on_both_sides_of_the_at(around):
    for code in range(0x80):
        assert_same(around.format(chr(code)))


def test_the_installed_library_is_a_tested_one():
    assert email_validator.__version__ in TESTED_VERSIONS, "prove the rules equal to this version, then add it"
    assert is_library_tested()


def test_the_tables_are_the_librarys():
    assert set(email_validator.SPECIAL_USE_DOMAIN_NAMES) == SPECIAL_USE_NAMES
    assert not any("." in name for name in SPECIAL_USE_NAMES)  # so the last label is all that has to be looked at
    assert set(rfc_constants.CASE_INSENSITIVE_MAILBOX_NAMES) == ROLE_NAMES


def test_an_address_has_nothing_that_its_shortcut_would_leave_out():
    assert [field.name for field in attrs.fields(EmailAddress)] == ["address", "key", "domain"]
    assert all(field.validator is None and field.converter is None for field in attrs.fields(EmailAddress))
    assert not hasattr(EmailAddress, "__attrs_post_init__")
    email: Any = parse_email("ann@example.com")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        email.domain = "example.org"


def test_only_names_of_hosts_are_remembered():
    misses = read_domain.cache_info().misses
    for text in ("x@b.com;ann@b.com", "ann@call 555 0143", "ann.b.com", "ann@b.com\n"):
        parse_email(text)

    assert read_domain.cache_info().misses == misses


def test_the_memory_of_domains_is_bounded():
    for number in range(DOMAINS_MAX + 10):
        parse_email(f"ann@shop{number}.example")

    assert read_domain.cache_info().currsize == DOMAINS_MAX


@pytest.mark.parametrize(
    "switch", ["TEST_ENVIRONMENT", "ALLOW_QUOTED_LOCAL", "ALLOW_DISPLAY_NAME", "ALLOW_DOMAIN_LITERAL"]
)
def test_switches_that_the_host_sets_for_itself_change_nothing(switch):
    texts = ["a@shop.test", "a@łódź.test", '"ä b"@c.com', "Änn <a@c.com>", "ä@[192.0.2.1]", "ann@c.com"]
    printed = run_python(
        f"import email_validator, campaignkit as ck; email_validator.{switch} = True; "
        f"print(*[type(ck.parse_email(text)).__name__ for text in {texts}])"
    )

    assert printed.split() == ["Rejection"] * 5 + ["EmailAddress"]


IS_LOADED = (
    "import sys, campaignkit as ck; ck.parse_email('ann@flora.example'); ck.parse_email('ann@@flora'); "
    "print('email_validator' in sys.modules, ck.parse_email('Ann@Flora.example').key)"
)


def test_ordinary_addresses_never_load_the_library():
    assert run_python(IS_LOADED) == "False ann@flora.example\n"


@pytest.mark.parametrize("version", ['__version__ = "99.0"\n', "", None], ids=["newer", "unnamed", "no module"])
def test_a_version_that_was_not_tested_is_asked_itself(version, tmp_path):
    copy = tmp_path / "email_validator"
    shutil.copytree(Path(email_validator.__file__).parent, copy)
    (copy / "__init__.py").write_text((copy / "__init__.py").read_text().replace("from .version import", "#"))
    (copy / "version.py").unlink()
    if version is not None:
        (copy / "version.py").write_text(version)

    assert run_python(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {IS_LOADED}") == "True ann@flora.example\n"


def run_python(script: str) -> str:
    """Return what *script* prints in a process of its own, where nothing is imported yet."""
    return subprocess.run(
        [sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True, timeout=60
    ).stdout

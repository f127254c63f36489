"""The tables: what providers allow, and which domains are one provider's."""

from datetime import date

import pytest

from campaignkit.timing.limits import DOMAIN_GROUPS, PRESETS, UNKNOWN_LIMITS, Interval, domain_group, find_preset


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.code)
def test_every_preset_has_limits_a_source_and_a_date(preset):
    assert preset.is_known
    assert preset.source
    assert date(2026, 1, 1) <= preset.as_of <= date(2026, 12, 31)
    assert preset.is_published or "reported" in preset.source or "single hosts" in preset.source


def test_codes_and_mail_servers_are_named_once():
    codes = [preset.code for preset in (*PRESETS, UNKNOWN_LIMITS)]
    hosts = [host for preset in PRESETS for host in preset.hosts]

    assert len(set(codes)) == len(codes)
    assert len(set(hosts)) == len(hosts)


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("smtp.gmail.com", "gmail"),
        ("SMTP.Office365.com.", "exchange_online"),
        ("shop-example.mail.protection.outlook.com", "exchange_online"),
        ("mail.shop.example", "unknown"),
        ("smtp.gmail.com.evil.example", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_mail_server_tells_the_provider(host, code):
    assert find_preset(host).code == code


def test_c7_unknown_limits_are_marked():
    assert not find_preset("mail.shop.example").is_known


def test_c7_a_free_mailbox_is_marked():
    assert {preset.code for preset in PRESETS if preset.is_free_mailbox} >= {"gmail", "outlook_free", "yahoo"}
    assert not find_preset("smtp.office365.com").is_free_mailbox


def test_presets_hold_limits_and_no_intervals():
    assert not any(isinstance(rule, Interval) for preset in PRESETS for rule in preset.limits)


@pytest.mark.parametrize(
    ("domain", "group"),
    [
        ("gmail.com", "gmail"),
        ("GOOGLEMAIL.com", "gmail"),
        ("hotmail.co.uk", "outlook"),
        ("live.com", "outlook"),
        ("msn.com", "outlook"),
        ("outlook.fr", "outlook"),
        ("yahoo.com.ar", "yahoo"),
        ("aol.com", "yahoo"),
        ("me.com", "icloud"),
        ("yahoo.co.jp", "yahoo.co.jp"),  # another company
        ("notgmail.com", "notgmail.com"),
        ("Shop.Example.", "shop.example"),
    ],
)
def test_domains_of_one_provider_are_one_group(domain, group):
    assert domain_group(domain) == group


def test_the_table_of_domains_was_read_whole():
    assert not any(set("{},") & set(domain) for domain in DOMAIN_GROUPS)
    assert {"gmail", "outlook", "yahoo", "icloud"} == set(DOMAIN_GROUPS.values())

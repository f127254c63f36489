"""What was said about a channel or a topic, when and where; the strictest that stands binds."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.addresses import Channel
from campaignkit.audience import ConsentVerdict, judge_consent
from campaignkit.audience.consent import merge_consents

GRANTED, DENIED, UNKNOWN = ck.ConsentState.GRANTED, ck.ConsentState.DENIED, ck.ConsentState.UNKNOWN


def said(state, topic="", at=None, channel="sms") -> ck.ConsentEntry:
    return ck.ConsentEntry(channel=channel, state=state, topic=topic, at=at, source="till")


@pytest.mark.parametrize(
    ("entries", "topic", "state"),
    [
        ([], "", UNKNOWN),
        ([said("granted")], "", GRANTED),
        ([said("granted")], "offers", GRANTED),
        ([said("denied")], "offers", DENIED),
        ([said("granted", "offers")], "offers", GRANTED),
        ([said("granted", "offers")], " Offers ", GRANTED),
        ([said("granted", "offers")], "", UNKNOWN),
        ([said("granted", "offers")], "events", UNKNOWN),
        ([said("denied", "events")], "offers", UNKNOWN),
        ([said("denied", "events")], "", DENIED),
        ([said("granted"), said("denied", "events")], "offers", GRANTED),
        ([said("granted"), said("denied", "events")], "events", DENIED),
        ([said("denied"), said("granted", "events")], "events", DENIED),
        ([said("denied", at=date(2025, 1, 1)), said("granted", at=date(2026, 1, 1))], "", GRANTED),
        ([said("granted", at=date(2026, 1, 1)), said("denied", at=date(2025, 1, 1))], "", GRANTED),
        ([said("granted", at=date(2025, 1, 1)), said("denied", at=date(2026, 1, 1))], "", DENIED),
        ([said("denied"), said("granted", at=date(2026, 1, 1))], "", DENIED),
        ([said("denied", at=date(2026, 1, 1)), said("granted", at=date(2026, 1, 1))], "", DENIED),
        ([said("denied", at=date(2026, 1, 1)), said("granted", at=datetime(2026, 1, 1, 18, tzinfo=UTC))], "", DENIED),
        ([said("denied", at=datetime(2026, 1, 1, 8, tzinfo=UTC)), said("granted", at=date(2026, 1, 2))], "", GRANTED),
        ([said("denied", at=date(2025, 1, 1)), said("granted", "offers", date(2026, 1, 1))], "offers", DENIED),
        ([said("denied", channel="email")], "", UNKNOWN),
    ],
    ids=range(22),
)
def test_what_stands_of_what_was_said(entries, topic, state):
    assert ck.Consent(entries=entries).on(Channel.SMS, topic) is state


def test_a_plain_answer_speaks_beside_the_entries():
    consent = ck.Consent(sms=DENIED).heard(said("granted", at=date(2026, 1, 1)))

    assert consent.on(Channel.SMS) is DENIED
    assert consent.on(Channel.EMAIL) is UNKNOWN
    assert consent.entries[0].source == "till"


@pytest.mark.parametrize(
    ("policy", "channel", "verdict"),
    [
        (ck.ConsentPolicy(), Channel.EMAIL, ConsentVerdict.ALLOWED_UNKNOWN),
        (ck.ConsentPolicy(), Channel.SMS, ConsentVerdict.UNKNOWN),
        (ck.ConsentPolicy(unknown_allows_email=False), Channel.EMAIL, ConsentVerdict.UNKNOWN),
        (ck.ConsentPolicy(unknown_allows_sms=True), Channel.SMS, ConsentVerdict.ALLOWED_UNKNOWN),
    ],
)
def test_what_silence_means_is_the_policys(policy, channel, verdict):
    assert judge_consent(ck.Consent(), channel, policy=policy) is verdict
    assert judge_consent(ck.Consent(), channel, policy=policy, kind="transactional") is ConsentVerdict.ALLOWED


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: said("unknown"), "granted or denied"),
        (lambda: said("granted", at=datetime(2026, 1, 1)), "aware"),  # noqa: DTZ001 - that is what is refused
        (lambda: said("perhaps"), "perhaps"),
        (lambda: said("granted", channel="pigeon"), "pigeon"),
    ],
)
def test_an_entry_that_says_nothing_clear_is_a_bad_call(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_topic_is_text():
    with pytest.raises(TypeError, match="topic is text"):
        said("granted", topic=7)


days = st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 1, 5)))
entries = st.lists(st.builds(said, st.sampled_from(["granted", "denied"]), st.sampled_from(["", "a", "b"]), days))
policies = st.builds(ck.ConsentPolicy, unknown_allows_email=st.booleans(), unknown_allows_sms=st.booleans())


@given(entries, entries, st.sampled_from(["", "a", "b"]))
def test_the_order_of_what_was_said_is_of_no_account(first, second, topic):
    together, turned = ck.Consent(entries=first + second), ck.Consent(entries=second + first)

    assert together.on(Channel.SMS, topic) is turned.on(Channel.SMS, topic)


@given(entries, st.sampled_from(["", "a", "b"]))
def test_a_later_yes_lifts_a_dated_no_and_nothing_lifts_an_undated_one(before, topic):
    consent = ck.Consent(entries=before)
    yes = consent.heard(*(said("granted", subject, date(2026, 2, 1)) for subject in ("", "a", "b")))
    has_undated_no = any(
        entry.state is DENIED and entry.at is None and (entry.topic in {"", topic} or not topic) for entry in before
    )

    assert yes.on(Channel.SMS, topic) is (DENIED if has_undated_no else GRANTED)
    assert consent.heard(said("denied", topic, date(2026, 2, 1))).on(Channel.SMS, topic) is DENIED


@given(entries, policies, st.sampled_from(["", "a", "b"]))
def test_a_no_binds_under_every_policy(before, policy, topic):
    consent = ck.Consent(entries=before)
    verdict = judge_consent(consent, Channel.SMS, topic=topic, policy=policy)

    assert (verdict is ConsentVerdict.DENIED) == (consent.on(Channel.SMS, topic) is DENIED)


@given(st.lists(entries, max_size=3), st.sampled_from([UNKNOWN, GRANTED, DENIED]), st.sampled_from(["", "a"]))
def test_people_who_turn_out_to_be_one_said_all_that_each_of_them_said(said_by, plain, topic):
    people = [ck.Consent(entries=one) for one in said_by] + [ck.Consent(sms=plain)]
    merged = merge_consents(people)
    together = ck.Consent(sms=plain, entries=[entry for one in said_by for entry in one])

    assert merged.on(Channel.SMS, topic) is together.on(Channel.SMS, topic)
    assert merge_consents([merged, merged]) == merged

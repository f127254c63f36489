"""Numbers that somebody made up, looked for before texts go out and whenever more come in. I/O through the store.

What is usual for a shop is learned from the lists that it schedules, and kept in one small document of the merchant.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.recipients import CampaignRecipient, Intake
from campaignkit.campaign.status import LIVE_STATUSES, CampaignStatus, RecipientStatus
from campaignkit.credits.confirming import confirmed_places, unconfirmed
from campaignkit.credits.pumping import NumbersLook, PumpingFinding, find_pumping, look_at_numbers, more_usual
from campaignkit.errors import NotEditable, RevisionConflict
from campaignkit.kit import moves
from campaignkit.kit.base import SAVE_TRIES, MerchantBase
from campaignkit.kit.door import Permission, verb
from campaignkit.ports import Document, DocumentStore

__all__ = ["NumberVerbs", "forget_numbers"]

USUAL = "usual_numbers"  # one document a merchant: how many recipients begin with which digits
LOOKED = "looked_at_numbers"  # one a campaign that got more numbers while it was live
GROWTH = 50  # all numbers are looked at again when so many more came in: a fiftieth of them
_LEFT_OUT = frozenset({RecipientStatus.CANCELLED, RecipientStatus.SKIPPED})
_ENDED = frozenset({CampaignStatus.FINISHED, CampaignStatus.CANCELLED})


@attrs.frozen(kw_only=True)
class _Looked:
    """How far the numbers of a live campaign were looked at."""

    looked: int = 0
    since: int = 0  # how many came in since, and were looked at by themselves only


class NumberVerbs(MerchantBase):
    """The verb on suspicious numbers, and the looks at them."""

    @verb(Permission.SEND_CAMPAIGN)
    def confirm_numbers(self, campaign_id: str) -> Campaign:
        """Keep that a person has looked at the numbers of this campaign that seem made up, and take them for good.

        What ``preflight`` tells as ``pumping_suspected`` now is no blocker any more. Numbers that are added later and
        are a sign by themselves are asked about again. A campaign that was paused for it goes on with ``resume``.

        Raises:
            CampaignNotFound: there is no such campaign.
            NotEditable: it has come to its end.
        """
        campaign = self._campaign(campaign_id)
        if campaign.status in _ENDED:
            raise NotEditable(campaign_id, campaign.status, ("confirmed_numbers",))
        signs = self._look(campaign).signs
        confirmed = confirmed_places(signs)
        note = self._note(
            "numbers_confirmed",
            "Somebody has looked at the numbers that seem made up.",
            **{sign.code.value: str(sign.count) for sign in signs},
        )
        return self._change(campaign_id, lambda current: attrs.evolve(current, confirmed_numbers=confirmed), note)

    def _look(self, campaign: Campaign, coming: Iterable[str] = ()) -> NumbersLook:
        """Return what all numbers of a campaign tell, with those that are *coming*; nothing for mail."""
        if campaign.channel is not Channel.SMS or self.settings.pumping is None:
            return NumbersLook()
        return look_at_numbers(
            self._numbers(campaign, coming),
            region=self.settings.region,
            usual=_find_usual(self._store, self.merchant_id),
            settings=self.settings.pumping,
        )

    def _suspicious(self, campaign: Campaign, look: NumbersLook) -> tuple[PumpingFinding, ...]:
        """Return the signs that nobody has confirmed."""
        settings = self.settings.pumping
        return () if settings is None else unconfirmed(look.signs, campaign.confirmed_numbers, settings)

    def _numbers(self, campaign: Campaign, coming: Iterable[str]) -> Iterator[str]:
        for row in self._rows(campaign.campaign_id, Intake.RECIPIENT):
            if row.status not in _LEFT_OUT:
                yield row.address
        yield from coming

    def _look_at_coming(self, campaign_id: str, rows: Sequence[CampaignRecipient]) -> CampaignStatus:
        """Pause a live campaign of texts before *rows* are added, should they look made up; return how it stood."""
        campaign = self._campaign(campaign_id)
        numbers = [row.address for row in rows if row.intake is Intake.RECIPIENT and row.status not in _LEFT_OUT]
        is_looked_at = campaign.channel is Channel.SMS and self.settings.pumping is not None
        if is_looked_at and numbers and campaign.status in LIVE_STATUSES and self._is_look_due(campaign_id, numbers):
            self._look_and_hold(campaign, numbers)
        return campaign.status

    def _is_look_due(self, campaign_id: str, numbers: Sequence[str]) -> bool:
        """Return whether so many came in that all are to be looked at again, or *numbers* are a sign by themselves.

        A look at a million numbers takes seconds; so whoever adds one at a time does not wait for it each time.
        """
        settings = self.settings.pumping
        assert settings is not None
        least = min(settings.row_min, settings.crowd_min, settings.prefix_min)
        known = _looked_at(self._store, self.merchant_id, campaign_id)
        is_due = known.since + len(numbers) >= max(least, known.looked // GROWTH)
        is_sign = len(numbers) >= least and find_pumping(numbers, region=self.settings.region, settings=settings)
        if not is_due and not is_sign:
            _note_more(self._store, self.merchant_id, campaign_id, len(numbers))
        return is_due or bool(is_sign)

    def _look_and_hold(self, campaign: Campaign, coming: Iterable[str] = ()) -> None:
        """Look at all numbers of a live campaign, and pause it where they want a person's look."""
        look = self._look(campaign, coming)
        known = _Looked(looked=look.count)
        _save(self._store, self.merchant_id, LOOKED, campaign.campaign_id, attrs.asdict(known))
        found = self._suspicious(campaign, look)
        if not found:
            return
        note = self._note(
            "numbers_suspected",
            f"{found[0].message} confirm_numbers and resume let it go on.",
            code="pumping_suspected",
            **{sign.code.value: str(sign.count) for sign in found},
        )
        self._change(campaign.campaign_id, moves.held, note)

    def _looked_at(self, campaign: Campaign, look: NumbersLook) -> Campaign:
        """Return a campaign as it stands that was let go after *look*; learn from it what is usual.

        If others added to it since, it is looked at again.
        """
        if not look.count:
            return campaign
        self._learn_usual(look)
        counts = self._store.count_recipients(self.merchant_id, campaign.campaign_id)
        recipients = [one for one in counts if one.intake is Intake.RECIPIENT and one.status not in _LEFT_OUT]
        if sum(one.count for one in recipients) <= look.count:
            return campaign
        self._look_and_hold(campaign)
        return self._campaign(campaign.campaign_id)

    def _learn_usual(self, look: NumbersLook) -> None:
        """Keep what is usual after a list was let go; of two at one moment, either may be kept."""
        usual = _find_usual(self._store, self.merchant_id)
        more = more_usual(usual, look.prefixes)
        if more != usual:
            _save(self._store, self.merchant_id, USUAL, self.merchant_id, {"prefixes": dict(more)})


def forget_numbers(store: DocumentStore, merchant_id: str, campaign_id: str) -> None:
    """Delete what was noted of a campaign's numbers."""
    if store.load(merchant_id, LOOKED, campaign_id) is not None:
        _save(store, merchant_id, LOOKED, campaign_id, None)


def _find_usual(store: DocumentStore, merchant_id: str) -> Mapping[str, int]:
    stored = store.load(merchant_id, USUAL, merchant_id)
    return {} if stored is None or stored.body is None else stored.body["prefixes"]


def _looked_at(store: DocumentStore, merchant_id: str, campaign_id: str) -> _Looked:
    return _looked_of(store.load(merchant_id, LOOKED, campaign_id))


def _looked_of(stored: Document | None) -> _Looked:
    return _Looked() if stored is None or stored.body is None else _Looked(**stored.body)


def _note_more(store: DocumentStore, merchant_id: str, campaign_id: str, count: int) -> None:
    """Count those who came in; whoever adds beside must not be forgotten.

    Raises:
        RevisionConflict: others were faster each time.
    """
    for _ in range(SAVE_TRIES):
        stored = store.load(merchant_id, LOOKED, campaign_id)
        known = _looked_of(stored)
        body = attrs.asdict(attrs.evolve(known, since=known.since + count))
        document = Document(merchant_id=merchant_id, kind=LOOKED, document_id=campaign_id, body=body)
        try:
            store.save(document, expected_revision=0 if stored is None else stored.revision)
        except RevisionConflict:
            continue
        return
    raise RevisionConflict(LOOKED, campaign_id)


def _save(
    store: DocumentStore, merchant_id: str, kind: str, document_id: str, body: Mapping[str, object] | None
) -> None:
    stored = store.load(merchant_id, kind, document_id)
    kept = None if body is None else dict(body)
    document = Document(merchant_id=merchant_id, kind=kind, document_id=document_id, body=kept)
    try:
        store.save(document, expected_revision=0 if stored is None else stored.revision)
    except RevisionConflict:
        return  # somebody else noted the same moment

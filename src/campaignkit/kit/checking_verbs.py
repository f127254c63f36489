"""Testing and checking campaigns before they are sent."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import attrs

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.audience.choosing import ExclusionReason, is_reached_otherwise
from campaignkit.campaign.campaign import Campaign, CampaignKind
from campaignkit.campaign.digests import message_digest
from campaignkit.campaign.recipients import CampaignRecipient, Intake, RecipientCount
from campaignkit.campaign.senders import Sender
from campaignkit.campaign.status import RecipientStatus
from campaignkit.credits.pumping import NumbersLook
from campaignkit.errors import TemplateNotFound
from campaignkit.insight.preflight import (
    Known,
    PlaceholderUse,
    Preflight,
    find_typos,
    is_lacking,
    placeholder_uses,
    run_checks,
)
from campaignkit.kit.base import PAGE_MAX
from campaignkit.kit.credit import CreditVerbs
from campaignkit.kit.door import Permission, verb
from campaignkit.kit.intake import batches
from campaignkit.kit.numbers import NumberVerbs
from campaignkit.kit.results import Arrival, Observation, TestResult
from campaignkit.kit.targeting import find_report
from campaignkit.kit.templates import template_chain
from campaignkit.kit.testsend import observed, send_test, tests_of
from campaignkit.kit.texts import part_counts, sample_supply
from campaignkit.message.supplies import Supply
from campaignkit.ports import RecipientQuery, SaysDoubtMax
from campaignkit.timing.limits import CapVerdict, calling_code

__all__ = ["CheckingVerbs"]

TRIED_MAX = 200  # recipients for whom preflight makes the message; the others' own are judged when it is sent


class CheckingVerbs(CreditVerbs, NumberVerbs):
    """The verbs that look at campaigns, and change none."""

    @verb(Permission.SEND_CAMPAIGN)
    def send_test(self, campaign_id: str, to: str | None = None) -> TestResult:
        """Send the campaign's message once, as it would look for its first recipient, and keep the result.

        Args:
            to: By default the acting user's own address.

        It counts in no statistics and under no limit of campaign or merchant, but under those of the sender, as its
        provider counts it; and there are no more than 10 in ten minutes and 60 a day.

        Raises:
            InvalidAddress: *to* is no address, or was left out and the handle has no actor with one.
            InvalidContent: the message cannot be built for the sample.
            LimitReached: the sender's limits, or those of tests, are used up for now.
            InsufficientCredits, NoPriceTable: it is a text that cannot be paid, or has no price yet.
            SupplyFailed: the campaign's supplier failed.
            ValueError: no transport is configured for the sender's account.
        """
        campaign = self._campaign(campaign_id)
        sample = self._store.list_recipients(
            self.merchant_id, campaign_id, RecipientQuery(intake=Intake.RECIPIENT, limit=1)
        )
        return send_test(
            campaign,
            to=to,
            actor=self.actor,
            sample=sample[0] if sample else None,
            records=self._records,
            workshop=self._workshop,
            settings=self.settings,
            store=self._store,
            transport_of=self._transport_of,
            test_id=self._new_id(),
            now=self._clock.now(),
            prices=self._prices,
        )

    @verb(Permission.VIEW_CAMPAIGN)
    def tests(self, campaign_id: str) -> tuple[TestResult, ...]:
        """Return the test sends of a campaign, the latest first; whatever was tested before an edit is stale."""
        campaign = self._campaign(campaign_id)
        sender = self._records.sender(self.merchant_id, campaign.sender_id)
        found = tests_of(self._store, campaign, message_digest(campaign, sender))
        return tuple(sorted(found, key=lambda result: (result.at, result.test_id), reverse=True))

    @verb(Permission.SEND_CAMPAIGN)
    def record_arrival(
        self,
        test_id: str,
        arrival: str,
        *,
        is_well_formatted: bool | None = None,
        do_links_work: bool | None = None,
    ) -> TestResult:
        """Keep what a person saw of a test send: acceptance alone is no passed test.

        Args:
            arrival: ``inbox``, ``spam`` or ``nothing``.
            is_well_formatted, do_links_work: None if nobody looked.

        Raises:
            TestNotFound: there is no such test.
            ValueError: *arrival* is none of the three.
        """
        observation = Observation(
            arrival=Arrival(arrival),
            is_well_formatted=is_well_formatted,
            do_links_work=do_links_work,
            at=self._clock.now(),
            actor=self.actor.name if self.actor else "",
        )
        result = observed(self._store, self.merchant_id, test_id, observation)
        return next((one for one in self.tests(result.campaign_id) if one.test_id == test_id), result)

    @verb(Permission.VIEW_CAMPAIGN)
    def preflight(self, campaign_id: str) -> Preflight:
        """Return every blocker and warning there is, all at once, and how many messages a crash can put in doubt."""
        campaign = self._campaign(campaign_id)
        # A pass of its own over the recipients, for those who ask; scheduling looks at blockers only.
        rows = self._rows(campaign.campaign_id, Intake.RECIPIENT) if campaign.channel is Channel.EMAIL else ()
        supply = self._sample_supply(campaign)
        report = self._preflight(
            campaign,
            start_at=None,
            deadline=None,
            supply=supply,
            look=self._look(campaign),
            likely_typos=find_typos(rows),
            destinations=self._destinations(campaign),
            capped_count=self._capped_count(campaign),
            text_parts=self._text_parts(campaign, supply),
            unfillable=self._unfillable(campaign, supply),
            has_bounce_route=self._has_bounce_route(campaign),
            can_repeat=bool(self._repeated_content(campaign)),
        )
        return attrs.evolve(report, doubt_max=self._doubt_max(campaign))

    @verb(Permission.VIEW_CAMPAIGN)
    def recipients_lacking(self, campaign_id: str, field: str) -> Iterator[CampaignRecipient]:
        """Yield all recipients for whom a placeholder would show nothing but its default, a page at a time.

        Args:
            field: As in the message, ``customer.first_name``.

        Raises:
            ValueError: the message has no such placeholder.
        """
        campaign = self._campaign(campaign_id)
        sender = self._records.sender(self.merchant_id, campaign.sender_id)
        composer, supply = self._workshop.composer(campaign, sender, self.settings), self._sample_supply(campaign)
        namespace, _, name = field.partition(".")
        if not any((one.namespace, one.name) == (namespace, name) for one in composer.content.placeholders):
            raise ValueError(f"the message has no placeholder {field!r}")
        rows = self._rows(campaign_id, Intake.RECIPIENT)
        return (row for row in rows if is_lacking(composer.values(row, supply), namespace, name))

    def _doubt_max(self, campaign: Campaign) -> int | None:
        sender = self._records.find_sender(self.merchant_id, campaign.sender_id)
        transport = None if sender is None else self._transport_of(sender)
        return transport.doubt_max if isinstance(transport, SaysDoubtMax) else None

    def _preflight(
        self,
        campaign: Campaign,
        *,
        start_at: datetime | None,
        deadline: datetime | None,
        supply: Supply,
        look: NumbersLook,
        **more: Any,
    ) -> Preflight:
        begins = start_at or campaign.start_at or self._clock.now()
        content = self._records.content(self.merchant_id, campaign.content_id)
        sender = self._records.find_sender(self.merchant_id, campaign.sender_id)
        uses = () if sender is None else self._placeholder_uses(campaign, sender, supply)
        counts = self._store.count_recipients(self.merchant_id, campaign.campaign_id)
        known = Known(
            campaign=campaign,
            content=content,
            sender=sender,
            zone=self.settings.zone,
            start_at=begins,
            deadline=deadline or campaign.deadline,
            counts=counts,
            placeholders=uses,
            consent_policy=self.settings.consent_policy,
            other_channel_count=self._reached_otherwise(campaign.campaign_id, counts),
            targeting=find_report(self._store, self.merchant_id, campaign.campaign_id),
            template_chain=self._template_chain(campaign),
            merchant_values=self.settings.values,
            text_opt_out=self.settings.text_opt_out,
            file_bytes=self._records.file_bytes(campaign),
            credit=self._credit_need(campaign, begins, deadline or campaign.deadline, supply),
            suspicious_numbers=self._suspicious(campaign, look),
        )
        return run_checks(attrs.evolve(known, **more))

    def _template_chain(self, campaign: Campaign) -> tuple[str, ...]:
        try:
            return template_chain(self._store, self.merchant_id, campaign.template)
        except TemplateNotFound:  # it was deleted since, and the content was made of it all the same
            return (campaign.template,)

    def _capped_count(self, campaign: Campaign) -> int:
        """Return how many recipients had as much marketing as the merchant's cap allows; a page at a time."""
        cap = self.settings.frequency_cap
        if cap is None or campaign.kind is not CampaignKind.MARKETING:
            return 0
        now, count = self._clock.now(), 0
        for batch in batches(self._rows(campaign.campaign_id, Intake.RECIPIENT), PAGE_MAX):
            keys = [row.address_key for row in batch if row.status is RecipientStatus.PENDING]
            past = self._store.marketing(self.merchant_id, keys, now - cap.length)
            count += sum(cap.answer(instants, now).verdict is not CapVerdict.FREE for instants in past.values())
        return count

    def _has_bounce_route(self, campaign: Campaign) -> bool:
        """Return whether the first recipient's mail has a return path of its own; all ids are alike in length."""
        sender = self._records.find_sender(self.merchant_id, campaign.sender_id)
        if campaign.channel is not Channel.EMAIL or sender is None:
            return True
        sample = self._store.list_recipients(
            self.merchant_id, campaign.campaign_id, RecipientQuery(intake=Intake.RECIPIENT, limit=1)
        )
        composer = self._workshop.composer(campaign, sender, self.settings)
        return composer.has_bounce_route(sample[0].recipient_id if sample else campaign.campaign_id)

    def _destinations(self, campaign: Campaign) -> Counter[str]:
        """Return how many recipients who still wait each calling code has; nothing for mail."""
        counts = Counter[str]()
        if campaign.channel is Channel.SMS:
            for run in self._store.backlog(self.merchant_id, campaign.campaign_id, by_destination=True):
                counts[calling_code(run.destination)] += run.count
        return counts

    def _text_parts(self, campaign: Campaign, supply: Supply) -> Counter[int]:
        """Return how many recipients get a text of how many parts; nothing for mail."""
        if campaign.channel is not Channel.SMS:
            return Counter()
        rows = self._rows(campaign.campaign_id, Intake.RECIPIENT)
        counts = part_counts(self._records, self._workshop, self.settings, campaign, rows, supply)
        return Counter(parts for _, parts in counts)

    def _unfillable(self, campaign: Campaign, supply: Supply) -> tuple[str, ...]:
        """Return why the message cannot be made for some of the first recipients; placeholders alone never fail."""
        sender = self._records.find_sender(self.merchant_id, campaign.sender_id)
        if sender is None:
            return ()
        composer = self._workshop.composer(campaign, sender, self.settings)
        query = RecipientQuery(intake=Intake.RECIPIENT, limit=TRIED_MAX)
        rows = self._store.list_recipients(self.merchant_id, campaign.campaign_id, query)
        filled = (composer.content.filled(composer.values(row, supply)) for row in rows)
        return tuple(one.message for one in filled if isinstance(one, Rejection))

    def _placeholder_uses(self, campaign: Campaign, sender: Sender, supply: Supply) -> tuple[PlaceholderUse, ...]:
        """Return how each placeholder fares. What is supplied for a sample is taken to be supplied for everybody."""
        composer = self._workshop.composer(campaign, sender, self.settings)
        placeholders = composer.content.placeholders
        rows = self._rows(campaign.campaign_id, Intake.RECIPIENT)
        return placeholder_uses(placeholders, rows, lambda recipient: composer.values(recipient, supply))

    def _sample_supply(self, campaign: Campaign) -> Supply:
        return sample_supply(self._workshop, self._store, campaign)

    def _reached_otherwise(self, campaign_id: str, counts: Sequence[RecipientCount]) -> int:
        """Return how many of those without an address the other channel would reach; who has all is not looked at."""
        if not any(count.reason == ExclusionReason.NO_ADDRESS for count in counts):
            return 0
        rows = self._rows(campaign_id, Intake.EXCLUSION)
        return sum(is_reached_otherwise(row.reason, row.detail) for row in rows)

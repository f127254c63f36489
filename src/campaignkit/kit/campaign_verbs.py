"""Making, reading, editing, copying and deleting senders and campaigns."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import Campaign, CampaignKind, StoredFile
from campaignkit.campaign.doubts import doubt_policy
from campaignkit.campaign.senders import Sender
from campaignkit.campaign.status import CampaignStatus
from campaignkit.dispatch.limiting import shared_scopes
from campaignkit.errors import KeyReused, NotEditable, RevisionConflict, SenderNotFound
from campaignkit.kit.base import MerchantBase, aware
from campaignkit.kit.door import Permission, verb
from campaignkit.kit.editing import changed, copied
from campaignkit.kit.numbers import forget_numbers
from campaignkit.kit.results import SenderState
from campaignkit.kit.senders import sender_from
from campaignkit.kit.targeting import forget_report
from campaignkit.kit.templates import MerchantTemplate, find_template, save_template
from campaignkit.kit.writing import Written, written
from campaignkit.message.attachments import Attachment, InlineImage, check_files
from campaignkit.message.campaign_headers import check_extra_headers
from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent, SmsContent, check_content
from campaignkit.message.supplies import kept_values
from campaignkit.message.values import Values
from campaignkit.timing.limits import Interval, Limit, LimitRule
from campaignkit.timing.windows import SendWindow

__all__ = ["CampaignVerbs"]

_SETTINGS = frozenset(
    {
        *("name", "sender", "content", "values", "supplier", "attachments", "inline_images", "headers"),
        *(
            "template",
            "required_template",
            "window",
            "interval",
            "limits",
            "kind",
            "priority",
            "deadline",
            "start_grace",
            "partial",
            "on_doubt",
        ),
    }
)


# Receipts before newsletters.
_PRIORITIES = {CampaignKind.MARKETING: 0, CampaignKind.TRANSACTIONAL: 10, CampaignKind.STANDING: 10}


class CampaignVerbs(MerchantBase):
    """The verbs on senders and campaigns."""

    # senders

    @verb(Permission.CONFIGURE_SENDER)
    def add_sender(
        self,
        sender_id: str,
        *,
        address: str,
        account: str | None = None,
        channel: str = "email",
        reply_to: str = "",
        limits: Iterable[LimitRule] | None = None,
        destination_limits: Mapping[str, Iterable[LimitRule]] | None = None,
    ) -> Sender:
        """Store a sender, or replace the one of that id, and return it.

        Args:
            address: ``Flora <hello@flora.example>`` for email, a sender id or number for SMS.
            account: Which of the kit's transports carries it; by default the one named like the sender.
            reply_to: Where answers and opt-outs by mail go; by default to *address*.
            limits: What its provider lets it send, all its campaigns together; ``[]`` says that there are none. Left
                out, those stored before stay; where nobody ever said, preflight warns. ``find_preset`` knows some.
            destination_limits: Limits towards one group of mail domains, as ``domain_group`` names them, or one
                country's calling code (``country_caps`` makes them); left out, those stored before stay.

        Raises:
            InvalidAddress: *address* or *reply_to* is none.
            TypeError: a limit is neither Limit nor Interval.
            ValueError: ``*``, each country that is not named, among the destinations of mail.
        """
        before = self._records.find_sender(self.merchant_id, sender_id)
        if before is not None:
            limits = before.limits if limits is None else limits
            destination_limits = before.destination_limits if destination_limits is None else destination_limits
        sender = sender_from(
            self.merchant_id,
            sender_id,
            address=address,
            account=account or sender_id,
            channel=Channel(channel),
            reply_to=reply_to,
            limits=limits,
            destination_limits=destination_limits or {},
            now=self._clock.now(),
        )
        self._records.save_sender(sender)
        return sender

    @verb(Permission.VIEW_CAMPAIGN)
    def sender(self, sender_id: str) -> SenderState:
        """Return a sender with what was learned about it while sending; raises SenderNotFound."""
        found = self._records.find_sender(self.merchant_id, sender_id)
        if found is None:
            raise SenderNotFound(sender_id)
        return SenderState.of(found, self._records.health(self.merchant_id, sender_id), self._clock.now())

    @verb(Permission.CREATE_CAMPAIGN)
    def create_campaign(
        self,
        *,
        name: str,
        channel: str = "email",
        sender: str,
        content: EmailContent | SmsContent | None = None,
        template: str = "",
        window: SendWindow | None = None,
        interval: Interval | None = None,
        limits: Iterable[Limit] = (),
        values: Values | None = None,
        supplier: str = "",
        attachments: Iterable[Attachment] = (),
        inline_images: Iterable[InlineImage] = (),
        headers: Mapping[str, str] | None = None,
        track_clicks: bool = False,
        track_opens: bool = False,
        required_template: str = "",
        kind: str = "marketing",
        topic: str = "",
        priority: int | None = None,
        start_grace: timedelta = timedelta(hours=1),
        partial: bool = False,
        on_doubt: str = "hold",
        key: str | None = None,
    ) -> Campaign:
        """Store a draft and return it. The same *key* twice makes one campaign.

        Args:
            content: What is sent; left out, it is that of *template*.
            template: The stored template that *content* was made of.
            values: The same for everybody, by namespace: ``{"event": {"name": "Tulip day", "day": date(2026, 5, 4)}}``.
            supplier: Which of the kit's *suppliers* is asked, once per recipient, for values and files of their own.
            attachments, inline_images: Files that every mail carries.
            headers: The merchant's own, such as ``X-Shop``.
            track_clicks, track_opens: Links of the HTML lead over the host's, a picture tells of openings; both need
                the kit's *links*.
            required_template: What the kind of job demands: the content must be that template, or derived from it.
            limits: Of this campaign alone, besides those of its sender and merchant.
            priority: Where campaigns share a limit, the higher goes first; by default 0, and 10 if transactional.

            partial: Texts may go out though credit does not pay for all of them; those who are left wait for more.
            on_doubt: Where nobody knows whether the provider took a message: ``hold`` it, for evidence or
                ``resend_in_doubt``; ``resend_if_idempotent``: send the very same message again, by itself, where the
                sender's provider takes it once; or ``resend_after_quarantine``: send another one, once, by itself,
                after 15 minutes. Nobody is left out then, and some get it twice.

        Raises:
            SenderNotFound, TemplateNotFound: the sender, or the template, is not there.
            InvalidTemplate, InvalidContent: the message, its headers or its files can never be sent.
            ValueError: clicks or opens are to be tracked without the kit's *links*; there is no such *on_doubt*.
            KeyReused: *key* made a campaign with other settings.
        """
        from_whom = self._records.find_sender(self.merchant_id, sender)
        if from_whom is None:
            raise SenderNotFound(sender)
        if template:
            made_of = find_template(self._store, self._records, self.merchant_id, template)
            content = made_of.content if content is None else content
        if content is None:
            raise TypeError("a campaign needs content, or a template to take it from")
        kept = self._written(content, CampaignKind(kind), track_clicks=track_clicks, track_opens=track_opens)
        check_extra_headers(headers or {})
        draft = Campaign(
            merchant_id=self.merchant_id,
            campaign_id=_id_from(key) if key is not None else self._new_id(),
            name=name,
            channel=Channel(channel),
            kind=CampaignKind(kind),
            topic=topic,
            sender_id=sender,
            content_id=self._save_content(kept.content),
            link_targets=kept.targets,
            is_tracking_clicks=track_clicks,
            is_tracking_opens=track_opens,
            values=kept_values(values or {}),
            supplier=supplier,
            files=self._save_files(attachments, inline_images),
            headers=dict(headers or {}),
            template=template,
            required_template=required_template,
            window=window,
            interval=interval,
            limits=_campaign_limits(limits),
            shared_scopes=shared_scopes(from_whom, self.settings),
            priority=_PRIORITIES[CampaignKind(kind)] if priority is None else priority,
            start_grace=start_grace,
            is_partial=partial,
            on_doubt=doubt_policy(on_doubt),
            key=key,
            created_at=self._clock.now(),
        )
        try:
            saved = self._records.save_campaign(draft, self._note("created", f"The campaign {name!r} was made."))
        except RevisionConflict:
            return self._made_before(draft)
        assert saved is not None
        return saved

    # templates

    @verb(Permission.EDIT_CAMPAIGN)
    def save_template(
        self, template_id: str, content: EmailContent | SmsContent, *, derived_from: str = ""
    ) -> MerchantTemplate:
        """Store a template, or replace the one of that id; campaigns that were made of it stay as they are.

        Args:
            derived_from: Another template of which this one is a changed copy.

        Raises:
            TemplateNotFound: what it is derived from is not there.
            InvalidTemplate, InvalidContent: the message can never be sent.
            ValueError: it would be derived from itself.
        """
        content_id = self._save_content(content)
        save_template(self._store, self.merchant_id, template_id, content_id=content_id, derived_from=derived_from)
        return MerchantTemplate(template_id=template_id, content=content, derived_from=derived_from)

    @verb(Permission.VIEW_CAMPAIGN)
    def template(self, template_id: str) -> MerchantTemplate:
        """Return a template; raises TemplateNotFound."""
        return find_template(self._store, self._records, self.merchant_id, template_id)

    @verb(Permission.VIEW_CAMPAIGN)
    def campaign(self, campaign_id: str) -> Campaign:
        """Return the campaign as it stands; raises CampaignNotFound."""
        return self._campaign(campaign_id)

    @verb(Permission.VIEW_CAMPAIGN)
    def campaigns(self, status: str | None = None, after: str | None = None, limit: int = 50) -> tuple[Campaign, ...]:
        """Return campaigns in order of their ids, at most *limit*, those after the id *after*."""
        return self._campaigns(None if status is None else CampaignStatus(status), after=after, limit=limit)

    @verb(Permission.EDIT_CAMPAIGN)
    def update_campaign(self, campaign_id: str, /, **changes: Any) -> Campaign:
        """Change settings by the names of ``create_campaign`` (and ``deadline``), and return the campaign.

        Raises:
            NotEditable: its status forbids one of the changes, or its kind was to change after contacts were judged
                by it; nothing changed.
            SenderNotFound, InvalidTemplate, InvalidContent: as in ``create_campaign``.
            TypeError: there is no such setting.
        """
        fields = self._fields_of(self._campaign(campaign_id), changes)
        self._require_unjudged(campaign_id, fields)
        names = ", ".join(sorted(changes)) or "nothing"
        return self._change(
            campaign_id, lambda campaign: changed(campaign, fields), self._note("edited", f"Changed: {names}.")
        )

    @verb(Permission.CREATE_CAMPAIGN)
    def copy(self, campaign_id: str, *, name: str | None = None) -> Campaign:
        """Return a new draft with the same settings, without recipients and without a schedule."""
        original = self._campaign(campaign_id)
        copy = copied(
            original, campaign_id=self._new_id(), name=name or f"{original.name} (copy)", now=self._clock.now()
        )
        saved = self._records.save_campaign(copy, self._note("created", f"Copied from {original.name!r}."))
        assert saved is not None
        return saved

    @verb(Permission.DELETE_CAMPAIGN)
    def delete_campaign(self, campaign_id: str) -> None:
        """Delete a draft with its rows; raises NotEditable for anything but a draft."""
        campaign = self._campaign(campaign_id)
        if campaign.status is not CampaignStatus.DRAFT:
            raise NotEditable(campaign_id, campaign.status, ("existence",))
        self._records.delete_campaign(campaign, self._note("deleted", "The draft was deleted."))
        forget_report(self._store, self.merchant_id, campaign_id)
        forget_numbers(self._store, self.merchant_id, campaign_id)

    def _require_unjudged(self, campaign_id: str, fields: Mapping[str, Any]) -> None:
        """Whoever was let in because it was no marketing must not get marketing."""
        campaign = self._campaign(campaign_id)
        is_other = fields.get("kind", campaign.kind) is not campaign.kind
        if is_other and self._store.count_recipients(self.merchant_id, campaign_id):
            raise NotEditable(campaign_id, campaign.status, ("kind",))

    def _fields_of(self, campaign: Campaign, changes: dict[str, Any]) -> dict[str, Any]:
        fields = dict(changes)
        unknown = sorted(set(fields) - _SETTINGS)
        if unknown:
            raise TypeError(f"a campaign has no setting {', '.join(unknown)}")
        if "sender" in fields:
            fields["sender_id"] = fields.pop("sender")
            from_whom = self._records.find_sender(self.merchant_id, fields["sender_id"])
            if from_whom is None:
                raise SenderNotFound(fields["sender_id"])
            fields["shared_scopes"] = shared_scopes(from_whom, self.settings)
        if "partial" in fields:
            fields["is_partial"] = bool(fields.pop("partial"))
        if "on_doubt" in fields:
            fields["on_doubt"] = doubt_policy(fields["on_doubt"])
        if "limits" in fields:
            fields["limits"] = _campaign_limits(fields["limits"])
        if "kind" in fields:
            fields["kind"] = CampaignKind(fields["kind"])
        if "content" in fields:
            kept = self._written(
                fields.pop("content"),
                fields.get("kind", campaign.kind),
                track_clicks=campaign.is_tracking_clicks,
                track_opens=campaign.is_tracking_opens,
                known_targets=campaign.link_targets,
            )
            fields["content_id"] = self._save_content(kept.content)
            if kept.targets != campaign.link_targets:
                fields["link_targets"] = kept.targets
        if fields.get("template"):
            find_template(self._store, self._records, self.merchant_id, fields["template"])
        if "values" in fields:
            fields["values"] = kept_values(fields["values"])
        if "headers" in fields:
            check_extra_headers(fields["headers"])
            fields["headers"] = dict(fields["headers"])
        if "attachments" in fields or "inline_images" in fields:
            attachments, images = self._records.files(campaign)
            fields["files"] = self._save_files(
                fields.pop("attachments", attachments), fields.pop("inline_images", images)
            )
        if "deadline" in fields:
            fields["deadline"] = aware("deadline", fields["deadline"])
        return fields

    def _written(
        self,
        content: EmailContent | SmsContent,
        kind: CampaignKind,
        *,
        track_clicks: bool,
        track_opens: bool,
        known_targets: Sequence[str] = (),
    ) -> Written:
        if (track_clicks or track_opens) and not self._workshop.has_links:
            raise ValueError("clicks and opens need a kit that was made with links=LinkSettings(…)")
        return written(
            content,
            kind=kind,
            settings=self.settings,
            is_tracking_clicks=track_clicks,
            is_tracking_opens=track_opens,
            known_targets=known_targets,
        )

    def _save_files(
        self, attachments: Iterable[Attachment], inline_images: Iterable[InlineImage]
    ) -> tuple[StoredFile, ...]:
        files: tuple[Attachment | InlineImage, ...] = (*attachments, *inline_images)
        check_files(files)
        return tuple(self._records.save_file(self.merchant_id, file) for file in files)

    def _save_content(self, content: EmailContent | SmsContent) -> str:
        check_content(content)
        compile_content(content)
        return self._records.save_content(self.merchant_id, content)

    def _made_before(self, draft: Campaign) -> Campaign:
        stored = self._campaign(draft.campaign_id)
        same = (
            *("name", "channel", "kind", "topic", "sender_id", "content_id", "window", "interval", "limits"),
            *("values", "supplier", "files", "headers", "template", "required_template"),
        )
        if stored.settings_version == 1 and any(getattr(stored, field) != getattr(draft, field) for field in same):
            raise KeyReused(draft.key or "")
        return stored


def _campaign_limits(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    kept = tuple(limits)
    if not all(isinstance(limit, Limit) for limit in kept):
        raise TypeError("limits of a campaign are made of Limit; its interval is given as interval")
    return kept


def _id_from(key: str) -> str:
    """Return the campaign id that belongs to a host's key; the same key has always the same."""
    return "key" + hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

"""Campaigns, senders, contents and settings as values, loaded and saved as documents. I/O only through the store."""

import hashlib
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import attrs

from campaignkit.campaign.campaign import Campaign, MerchantSettings, StoredFile, TimelineEntry, WaitingFor
from campaignkit.campaign.documents import (
    campaign_body,
    campaign_of,
    content_body,
    content_of,
    structure,
    unstructure,
)
from campaignkit.campaign.senders import Sender, SenderHealth
from campaignkit.campaign.status import CampaignEvent, CampaignStatus, transition
from campaignkit.dispatch.steering import Move
from campaignkit.errors import IllegalTransition, RevisionConflict, StoreBroken
from campaignkit.message.attachments import Attachment, InlineImage
from campaignkit.message.compiled import CompiledContent, compile_content
from campaignkit.message.content import EmailContent, SmsContent, content_digest
from campaignkit.ports import Clock, Document, DocumentStore, SaveGuard
from campaignkit.timing.limits import LimitScope

__all__ = ["Records"]

HEALTH_TRIES = 10
CONTENTS_MAX = 64  # compiled contents kept in memory; each holds its text and, once sent from, its encodings


class Records:
    """Typed reading and writing of documents. Saves are compare-and-set by revision."""

    def __init__(self, store: DocumentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._contents: OrderedDict[tuple[str, str], CompiledContent] = OrderedDict()

    # campaigns

    def campaign(self, merchant_id: str, campaign_id: str) -> Campaign | None:
        document = self._store.load(merchant_id, "campaign", campaign_id)
        if document is None or document.body is None:
            return None
        return campaign_of(merchant_id, campaign_id, document.body, document.revision)

    def save_campaign(
        self, campaign: Campaign, note: TimelineEntry | None = None, guard: SaveGuard = SaveGuard.NONE
    ) -> Campaign | None:
        """Return *campaign* as stored, or None if *guard* does not hold; raises RevisionConflict."""
        document = Document(
            merchant_id=campaign.merchant_id,
            kind="campaign",
            document_id=campaign.campaign_id,
            body=campaign_body(campaign),
        )
        saved = self._store.save(document, expected_revision=campaign.revision, note=note, guard=guard)
        return None if saved is None else attrs.evolve(campaign, revision=saved.revision)

    def delete_campaign(self, campaign: Campaign, note: TimelineEntry) -> None:
        """Delete the campaign with its rows; raises RevisionConflict if it was changed meanwhile."""
        document = Document(
            merchant_id=campaign.merchant_id, kind="campaign", document_id=campaign.campaign_id, body=None
        )
        self._store.save(document, expected_revision=campaign.revision, note=note)

    def move(self, campaign: Campaign, move: Move, *, reply: str = "") -> bool:
        """Save *move*; False if the guard does not hold, or somebody else changed the campaign first."""
        now = self._clock.now()
        facts = {"next_at": move.next_at.isoformat()} if move.next_at else {}
        if move.code:
            facts["code"] = move.code
        note = TimelineEntry(at=now, what=move.what, why=move.why, facts=facts)
        try:
            return self.save_campaign(_moved(campaign, move, now, reply), note, move.guard) is not None
        except (IllegalTransition, RevisionConflict):
            return False

    def share_limits(self, campaign: Campaign, scopes: tuple[LimitScope, ...]) -> None:
        """Save the limits of sender and merchant with the campaign; what was prepared under others will not begin."""
        version = campaign.settings_version + 1
        with suppress(RevisionConflict):  # somebody else changed it: then it is looked at again
            self.save_campaign(attrs.evolve(campaign, shared_scopes=scopes, settings_version=version))

    def note_waiting(self, campaign: Campaign, waiting_for: WaitingFor, next_at: datetime | None) -> None:
        """Save what a sending campaign waits for, so that it can be seen; nothing depends on it."""
        if (campaign.waiting_for, campaign.next_at) == (waiting_for, next_at):
            return
        try:
            self.save_campaign(attrs.evolve(campaign, waiting_for=waiting_for, next_at=next_at))
        except RevisionConflict:
            return

    # merchants and senders

    def find_settings(self, merchant_id: str) -> MerchantSettings | None:
        document = self._store.load(merchant_id, "merchant", merchant_id)
        return None if document is None or document.body is None else structure(document.body, MerchantSettings)

    def settings(self, merchant_id: str) -> MerchantSettings:
        found = self.find_settings(merchant_id)
        if found is None:
            raise StoreBroken("a campaign's merchant is not there")
        return found

    def save_settings(self, settings: MerchantSettings) -> None:
        self._overwrite(settings.merchant_id, "merchant", settings.merchant_id, unstructure(settings))

    def find_sender(self, merchant_id: str, sender_id: str) -> Sender | None:
        document = self._store.load(merchant_id, "sender", sender_id)
        return None if document is None or document.body is None else structure(document.body, Sender)

    def sender(self, merchant_id: str, sender_id: str) -> Sender:
        found = self.find_sender(merchant_id, sender_id)
        if found is None:
            raise StoreBroken("a campaign's sender is not there")
        return found

    def save_sender(self, sender: Sender) -> None:
        self._overwrite(sender.merchant_id, "sender", sender.sender_id, unstructure(sender))

    def health(self, merchant_id: str, sender_id: str) -> SenderHealth:
        return _health_of(self._store.load(merchant_id, "health", sender_id))

    def change_health(
        self, merchant_id: str, sender_id: str, change: Callable[[SenderHealth], SenderHealth]
    ) -> SenderHealth | None:
        """Return what is stored after *change*, by compare-and-set; written only where it differs.

        None: others wrote all the time, and this change is lost. Nobody's message rests on it: only how soon a
        provider is asked again, and by how many.
        """
        for _ in range(HEALTH_TRIES):
            stored = self._store.load(merchant_id, "health", sender_id)
            before = _health_of(stored)
            after = change(before)
            if after == before:
                return after
            document = Document(merchant_id=merchant_id, kind="health", document_id=sender_id, body=unstructure(after))
            try:
                self._store.save(document, expected_revision=0 if stored is None else stored.revision)
            except RevisionConflict:
                continue
            return after
        return None

    # contents: named by their digest, so a stored one never changes

    def content(self, merchant_id: str, content_id: str) -> EmailContent | SmsContent:
        document = self._store.load(merchant_id, "content", content_id)
        if document is None or document.body is None:
            raise StoreBroken("a campaign's content is not there")
        return content_of(document.body)

    def compiled(self, merchant_id: str, content_id: str) -> CompiledContent:
        key = (merchant_id, content_id)
        if key not in self._contents:
            self._contents[key] = compile_content(self.content(merchant_id, content_id))
            if len(self._contents) > CONTENTS_MAX:
                self._contents.popitem(last=False)
        self._contents.move_to_end(key)
        return self._contents[key]

    def save_content(self, merchant_id: str, content: EmailContent | SmsContent) -> str:
        """Return the id under which *content* is stored."""
        content_id = content_digest(content)
        document = Document(merchant_id=merchant_id, kind="content", document_id=content_id, body=content_body(content))
        if self._store.load(merchant_id, "content", content_id) is None:
            try:
                self._store.save(document, expected_revision=0)
            except RevisionConflict:  # somebody stored the very same content in this moment
                return content_id
        return content_id

    # files: named by their digest, as contents are

    def save_file(self, merchant_id: str, file: Attachment | InlineImage) -> StoredFile:
        """Return under what *file* is stored."""
        digest = hashlib.sha256(file.content).hexdigest()
        if self._store.load(merchant_id, "file", digest) is None:
            body = {"content": b64encode(file.content).decode()}
            document = Document(merchant_id=merchant_id, kind="file", document_id=digest, body=body)
            with suppress(RevisionConflict):  # somebody stored the very same file in this moment
                self._store.save(document, expected_revision=0)
        content_id = file.content_id if isinstance(file, InlineImage) else ""
        return StoredFile(
            digest=digest,
            filename=file.filename,
            media_type=file.media_type,
            content_id=content_id,
            byte_count=len(file.content),
        )

    def file_bytes(self, campaign: Campaign) -> int:
        """Return how many bytes the files of a campaign have together."""
        counts = (
            len(self._file_content(campaign.merchant_id, one.digest)) if one.byte_count is None else one.byte_count
            for one in campaign.files
        )
        return sum(counts)

    def files(self, campaign: Campaign) -> tuple[tuple[Attachment, ...], tuple[InlineImage, ...]]:
        """Return the attachments and the inline images of a campaign."""
        attachments, images = list[Attachment](), list[InlineImage]()
        for one in campaign.files:
            content = self._file_content(campaign.merchant_id, one.digest)
            if one.content_id:
                images.append(InlineImage(content_id=one.content_id, content=content, media_type=one.media_type))
            else:
                attachments.append(Attachment(filename=one.filename, content=content, media_type=one.media_type))
        return tuple(attachments), tuple(images)

    def _file_content(self, merchant_id: str, digest: str) -> bytes:
        document = self._store.load(merchant_id, "file", digest)
        if document is None or document.body is None:
            raise StoreBroken("a campaign's file is not there")
        return b64decode(document.body["content"])

    def _overwrite(self, merchant_id: str, kind: str, document_id: str, body: dict[str, object]) -> None:
        stored = self._store.load(merchant_id, kind, document_id)
        if stored is not None and stored.body == body:
            return
        document = Document(merchant_id=merchant_id, kind=kind, document_id=document_id, body=body)
        self._store.save(document, expected_revision=0 if stored is None else stored.revision)


def _health_of(document: Document | None) -> SenderHealth:
    return SenderHealth() if document is None or document.body is None else structure(document.body, SenderHealth)


def _moved(campaign: Campaign, move: Move, now: datetime, reply: str) -> Campaign:
    moved = attrs.evolve(campaign, waiting_for=move.waiting_for, next_at=move.next_at)
    if move.event is None:
        return moved
    status = transition(campaign.status, move.event)
    is_failure = move.event is CampaignEvent.FAIL
    return attrs.evolve(
        moved,
        status=status,
        has_begun=campaign.has_begun or status is CampaignStatus.SENDING,
        failure_code=move.code if is_failure else "",
        failure_reply=reply if is_failure else "",
        finished_at=now if status is CampaignStatus.FINISHED else None,
    )

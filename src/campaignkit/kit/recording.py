"""Recording what comes back: receipts and inbound texts in, what each did out. I/O only through the store."""

from collections.abc import Callable, Iterable, Iterator

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.campaign.campaign import MerchantSettings
from campaignkit.campaign.status import Delivery, RecipientStatus
from campaignkit.delivery.feedback import Feedback, RecordResult, RecordVerdict
from campaignkit.delivery.sms_feedback import feedback_of_receipt, feedback_of_text
from campaignkit.delivery.sms_keywords import Keyword, KeywordKind, read_keyword
from campaignkit.delivery.sms_receipts import InboundText, SmsReceipt
from campaignkit.dispatch.records import Records
from campaignkit.errors import MerchantNotFound
from campaignkit.kit.intake import batches
from campaignkit.ports import NewId, Store

__all__ = ["ReadText", "Recorded", "RecordingVerbs"]

RECORD_BATCH = 1000  # events per commit, as many as rows of a list

Event = SmsReceipt | InboundText
ReadText = Callable[[str], Keyword | None]


@attrs.frozen(kw_only=True)
class Recorded:
    """What recording an event did, and how its recipient stands now."""

    verdict: RecordVerdict
    merchant_id: str = ""  # empty: nobody knows yet what the event is about; so are the next two
    campaign_id: str = ""
    recipient_id: str = ""
    status: RecipientStatus | None = None
    delivery: Delivery = Delivery.NONE
    is_suppressed: bool = False  # by this event: the address gets nothing more
    is_lifted: bool = False  # by this event: an address that had opted out by text may be written to again
    keyword: Keyword | None = None  # what an inbound text asks for; a stop that is not certain wants to be read

    @property
    def is_confirmation_due(self) -> bool:
        """Return whether the one text may go out that confirms an opt-out: not when it is repeated."""
        return self.is_suppressed and self.keyword is not None and self.keyword.kind is KeywordKind.STOP


class _Reader:
    """Makes events of what came in."""

    def __init__(
        self, settings: MerchantSettings | None, *, account: str, merchant_id: str, new_id: NewId, read_text: ReadText
    ) -> None:
        self._settings = settings
        self._account = account
        self._merchant_id = merchant_id
        self._new_id = new_id
        self._read_text = read_text

    def read(self, event: Event) -> tuple[Feedback | Rejection, Keyword | None]:
        match event:
            case SmsReceipt():
                if not event.message_id and not self._account:
                    raise ValueError("a receipt that does not name our own id is recorded with account=…")
                receipt = feedback_of_receipt(event, account=self._account, merchant_id=self._merchant_id)
                return receipt, None
            case InboundText():
                return self._read_inbound(event)
        raise TypeError(f"{type(event).__name__} is neither an SmsReceipt nor an InboundText")

    def _read_inbound(self, event: InboundText) -> tuple[Feedback | Rejection, Keyword | None]:
        if self._settings is None:
            raise ValueError("an inbound text is recorded with merchant_id=…: to whom it was sent")
        keyword = self._read_text(event.text)
        settings = self._settings
        feedback = feedback_of_text(
            event,
            keyword,
            merchant_id=settings.merchant_id,
            region=settings.region,
            arrival_id="" if event.provider_id else self._new_id(),
        )
        return feedback, keyword


def _record_all(
    store: Store,
    records: Records,
    events: Iterable[Event],
    *,
    account: str,
    merchant_id: str | None,
    new_id: NewId,
    read_text: ReadText = read_keyword,
) -> Iterator[Recorded | Rejection]:
    """Yield what recording each of *events* did, in their order; a thousand per commit."""
    settings = None if merchant_id is None else records.find_settings(merchant_id)
    if merchant_id is not None and settings is None:
        raise MerchantNotFound(merchant_id)
    reader = _Reader(settings, account=account, merchant_id=merchant_id or "", new_id=new_id, read_text=read_text)
    for batch in batches(events, RECORD_BATCH):
        read = [reader.read(event) for event in batch]
        results = iter(store.record([one for one, _ in read if isinstance(one, Feedback)]))
        for one, keyword in read:
            yield one if isinstance(one, Rejection) else _recorded(next(results), keyword)


def _recorded(result: RecordResult, keyword: Keyword | None) -> Recorded:
    return Recorded(**attrs.asdict(result, recurse=False), keyword=keyword)


class RecordingVerbs:
    """The verbs by which a kit hears what came back."""

    _store: Store
    _records: Records
    _new_id: NewId
    _require_open: Callable[[], None]

    def record(
        self, event: SmsReceipt | InboundText, *, account: str = "", merchant_id: str | None = None
    ) -> Recorded | Rejection:
        """Keep what came back about a text, or what somebody wrote, and return what that did; safe to repeat.

        A receipt moves its recipient's delivery, ends a doubt, and suppresses a number that is no good; it may come
        before the text is settled. STOP suppresses the number that wrote it, START lifts that again. An event that
        nobody could ever store is a Rejection.

        Args:
            account: Under which the provider's ids are known: the sender's ``account``. Not needed for receipts that
                name our own id.
            merchant_id: To whom a text was sent; for a receipt, whose text it must be about.

        Raises:
            ValueError: an inbound text without *merchant_id*, or a receipt that names no id of ours without *account*.
            MerchantNotFound: there is no such merchant.
        """
        (recorded,) = self.record_all([event], account=account, merchant_id=merchant_id)
        return recorded

    def record_all(
        self,
        events: Iterable[SmsReceipt | InboundText],
        *,
        account: str = "",
        merchant_id: str | None = None,
        read_text: ReadText = read_keyword,
    ) -> list[Recorded | Rejection]:
        """Record events of one account as ``record`` does, a thousand per commit, and return one answer each.

        Args:
            read_text: What a text asks for; ``read_keyword`` with words of your own.
        """
        self._require_open()
        recorded = _record_all(
            self._store,
            self._records,
            events,
            account=account,
            merchant_id=merchant_id,
            new_id=self._new_id,
            read_text=read_text,
        )
        return list(recorded)

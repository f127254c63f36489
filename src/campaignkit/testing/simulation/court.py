"""What the judge knows: rows, campaigns and begun messages as the store's calls left them. Reads the store."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import attrs

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.documents import campaign_of
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.status import CampaignStatus, RecipientStatus
from campaignkit.delivery.begin import Clearance
from campaignkit.ports import RecipientQuery, Store
from campaignkit.testing.simulation.provider import Accepted
from campaignkit.testing.simulation.report import Finding

__all__ = ["HOLDING", "SEPARATOR", "Begun", "Change", "Court", "Place"]

Place = tuple[str, str]  # merchant and campaign
SEPARATOR = "x"  # between who made an id and its number
_HELD = frozenset({RecipientStatus.CLAIMED, RecipientStatus.SENDING})
HOLDING = frozenset({RecipientStatus.SENDING, RecipientStatus.IN_DOUBT})


@attrs.define(eq=False)
class Begun:
    """A message that begin let go."""

    actor: str
    at: datetime
    clearance: Clearance
    campaign: Campaign  # as it stood
    zones: tuple[str, ...]
    is_counted: bool = True  # under its limits
    is_open: bool = True  # nobody has settled it: sending or in doubt
    is_accepted: bool = False  # so says the store
    left_open_until: datetime | None = None  # its message is repeated, and until then it may prove accepted

    def is_same_message(self, clearance: Clearance) -> bool:
        """Return whether *clearance* is for the very same message."""
        mine = self.clearance
        return (mine.recipient_id, mine.generation) == (clearance.recipient_id, clearance.generation)


@attrs.frozen
class Change:
    """A row before and after one call."""

    before: CampaignRecipient
    after: CampaignRecipient


@attrs.define(eq=False)
class Court:
    """The files of the court."""

    store: Store
    now: Callable[[], datetime]
    step: Callable[[], int]
    findings: list[Finding] = attrs.field(factory=list)
    bodies: dict[Place, dict[str, Any]] = attrs.field(factory=dict)  # of campaigns that are there
    rows: dict[Place, dict[str, CampaignRecipient]] = attrs.field(factory=dict)
    places: dict[tuple[str, str], Place] = attrs.field(factory=dict)  # by merchant and recipient
    begun: dict[str, list[Begun]] = attrs.field(factory=dict)  # by recipient, in order
    accepted: dict[str, list[Accepted]] = attrs.field(factory=dict)  # by recipient
    halted: set[Place] = attrs.field(factory=set)  # a pause or cancel returned, and nobody resumed since
    resuming: list[Place] = attrs.field(factory=list)  # verbs that may let a campaign go on, under way
    resumed: Counter[Place] = attrs.field(factory=Counter)  # how often somebody began to let it go on
    opted_out: set[tuple[str, str]] = attrs.field(factory=set)  # merchant and address key
    answers: Counter[str] = attrs.field(factory=Counter)  # of begin
    held: set[str] = attrs.field(factory=set)  # recipients whose worker died or stood still
    _versions: dict[tuple[Place, int, str | None], Campaign] = attrs.field(factory=dict)

    def find(self, law: str, detail: str) -> None:
        """Write down that *law* did not hold."""
        self.findings.append(Finding(law, detail, self.step()))

    def status(self, place: Place) -> CampaignStatus | None:
        """Return the status of a campaign as last seen; None: it is not there."""
        body = self.bodies.get(place)
        return None if body is None else CampaignStatus(body["status"])

    def campaign(self, place: Place) -> Campaign:
        """Return the settings of a campaign as last seen."""
        body = self.bodies[place]
        key = (place, body["settings_version"], body["deadline"])
        if key not in self._versions:
            self._versions[key] = campaign_of(*place, body, 0)
        return self._versions[key]

    def reload(self, place: Place) -> None:
        """Read a campaign anew."""
        document = self.store.load(place[0], "campaign", place[1])
        if document is None or document.body is None:
            self.bodies.pop(place, None)
        else:
            self.bodies[place] = dict(document.body)

    def is_busy(self, place: Place) -> bool:
        """Return whether a worker is about to send to somebody."""
        return any(row.status is RecipientStatus.CLAIMED for row in self.rows.get(place, {}).values())

    def place_of(self, merchant_id: str, recipient_id: str) -> Place | None:
        """Return where a recipient stands."""
        return self.places.get((merchant_id, recipient_id))

    def read(self, places: Iterable[Place]) -> list[Change]:
        """Read the rows of *places* anew and return those that changed; new and gone ones are only noted."""
        return [change for place in dict.fromkeys(places) for change in self._read(place)]

    def _read(self, place: Place) -> Iterator[Change]:
        known = self.rows.setdefault(place, {})
        found = {row.recipient_id: row for row in self.store.list_recipients(*place, RecipientQuery(limit=100_000))}
        gone = known.keys() - found.keys()
        if gone and place in self.bodies:
            self.find("row_count", f"{len(gone)} rows of {place[1]} are gone")
        self.rows[place] = found
        for recipient_id, row in found.items():
            before = known.get(recipient_id)
            if before is None:
                self.places[place[0], recipient_id] = place
            elif before != row:
                yield Change(before, row)

    def open_of(self, recipient_id: str, epoch: int) -> Begun | None:
        """Return the message of that try which nobody has settled."""
        for begun in self.begun.get(recipient_id, ()):
            if begun.clearance.epoch == epoch and begun.is_open:
                return begun
        return None

    def all_begun(self, merchant_id: str) -> Iterator[Begun]:
        """Yield everything that began for a merchant."""
        for several in self.begun.values():
            yield from (one for one in several if one.clearance.merchant_id == merchant_id)

    def is_charged(self, begun: Begun) -> bool:
        """Return whether a message holds credit, or cost some."""
        return bool(begun.clearance.price) and self.may_be_accepted(begun)

    def may_be_accepted(self, begun: Begun) -> bool:
        """Return whether the provider took this message, so says the store, or nobody knows."""
        return begun.is_open or begun.is_accepted

    def note_death(self, actor: str) -> None:
        """Remember who was held by a worker that died."""
        for rows in self.rows.values():
            for row in rows.values():
                if row.worker_id.startswith(actor + SEPARATOR) and row.status in _HELD:
                    self.held.add(row.recipient_id)

"""The index of customers: what somebody types at the counter in, ranked matches with their reasons out. Pure.

A search looks at every record, which takes some milliseconds for a hundred thousand; nothing has to be rebuilt when one
is added, removed or replaced.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import attrs

from campaignkit.addresses.phone import PhoneNumber, parse_phone
from campaignkit.audience.customers.comparing import MatchKind, Profile, compare, profile_of
from campaignkit.audience.customers.matches import (
    HiddenByFilter,
    Match,
    MatchReason,
    NewCustomerCheck,
    NewVerdict,
    Obstacle,
    SearchResults,
)
from campaignkit.audience.customers.mismatches import Mismatch, compare_pointers
from campaignkit.audience.customers.names import Likeness, compare_words, name_words
from campaignkit.audience.customers.records import Customer, CustomerStatus
from campaignkit.audience.customers.redirects import resolve_redirect

__all__ = ["CustomerIndex"]

LIMIT = 10
PHONE_DIGITS_MIN = 3  # fewer are in everybody's number
EMAIL_LETTERS_MIN = 3
SUGGESTIONS_MAX = 5

Filter = Callable[[Customer], bool]
_Found = tuple[float, tuple[MatchReason, ...]]


@attrs.frozen
class _Entry:
    """A customer as it is searched."""

    customer: Customer
    profile: Profile
    words: tuple[str, ...]
    digits: tuple[str, ...]
    emails: tuple[str, ...]


class CustomerIndex:
    """Customers that can be searched, one for each id. Not for several threads at once."""

    def __init__(
        self,
        customers: Iterable[Customer] = (),
        *,
        region: str | None = None,
        required: Sequence[str] = ("name", "phone"),
    ) -> None:
        """Index *customers*.

        Args:
            region: Country of numbers that are typed in national form.
            required: Fields without which a record is incomplete and cannot be chosen.

        Raises:
            ValueError: one has no id, or two have the same; *region* is no country code.
        """
        parse_phone(None, region=region)
        self._region = region
        self._required = tuple(required)
        self._entries: dict[str, _Entry] = {}
        for customer in customers:
            self.add(customer)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, customer: Customer) -> None:
        """Add a customer.

        Raises:
            ValueError: it has no id, or the id is there already.
        """
        if not customer.customer_id or customer.customer_id in self._entries:
            raise ValueError(f"a customer needs an id of its own, not {customer.customer_id!r}")
        self._entries[customer.customer_id] = _entry_of(customer)

    def replace(self, customer: Customer) -> None:
        """Put *customer* where the one of its id was.

        Raises:
            ValueError: there is none.
        """
        if customer.customer_id not in self._entries:
            raise ValueError(f"there is no customer {customer.customer_id!r}")
        self._entries[customer.customer_id] = _entry_of(customer)

    def remove(self, customer_id: str) -> None:
        """Take a customer out.

        Raises:
            ValueError: there is none.
        """
        if self._entries.pop(customer_id, None) is None:
            raise ValueError(f"there is no customer {customer_id!r}")

    def find(self, query: str, *, filters: Mapping[str, Filter] | None = None, limit: int = LIMIT) -> SearchResults:
        """Return who fits *query*: a phone, an email address, a name, a card or an id, whole or in part.

        Args:
            filters: By the name that the shop knows them by; those who fail one are hidden and counted.
            limit: Matches returned at most; the result says how many more there are.

        Raises:
            ValueError: *limit* is below 1.

        >>> index = CustomerIndex([Customer(customer_id="1", name="Zoë Kowalska-Lee")])
        >>> [match.reasons[0].value for match in index.find("lee zoe")]
        ['name']
        """
        if limit < 1:
            raise ValueError("a search shows at least one match")
        sought = _Sought(query, self._region)
        found = [(entry, answer) for entry in self._entries.values() if (answer := sought.look_at(entry))]
        hidden: Counter[str] = Counter()
        shown = [pair for pair in found if not _hide(pair[0].customer, filters or {}, hidden)]
        shown.sort(key=lambda pair: (-pair[1][0], pair[0].customer.is_merged, pair[0].customer.customer_id))
        return SearchResults(
            matches=tuple(self._match(entry.customer, *answer) for entry, answer in shown[:limit]),
            total_count=len(shown),
            hidden=tuple(HiddenByFilter(filter=name, count=count) for name, count in sorted(hidden.items())),
        )

    def check_new(self, customer: Customer, *, on_duplicate: str = "ask") -> NewCustomerCheck:
        """Return whether *customer* should be created, and which records look like the same person.

        Args:
            on_duplicate: What the merchant wants where a record looks like the same person: "ask", "refuse" (asks where
                it is only likely), or "create".

        Raises:
            ValueError: *on_duplicate* is none of these.
        """
        wanted = NewVerdict(on_duplicate)
        profile = profile_of(customer)
        alike = []
        for entry in self._entries.values():
            comparison = compare(profile, entry.profile)
            if (
                comparison
                and comparison.kind is not MatchKind.HOUSEHOLD
                and entry.customer.customer_id != customer.customer_id
            ):
                alike.append((comparison, entry.customer))
        alike.sort(key=lambda pair: (pair[0].kind is not MatchKind.SAME, -pair[0].score, pair[1].customer_id))
        is_sure = any(comparison.kind is MatchKind.SAME for comparison, _ in alike)
        verdict = wanted if alike else NewVerdict.CREATE
        if verdict is NewVerdict.REFUSE and not is_sure:
            verdict = NewVerdict.ASK
        suggestions = tuple(
            self._match(one, comparison.score, (MatchReason.SAME_PERSON,), comparison.evidence[0].message)
            for comparison, one in alike[:SUGGESTIONS_MAX]
        )
        return NewCustomerCheck(
            verdict=verdict,
            suggestions=suggestions,
            mismatch=self.find_mismatch(customer.name, customer.phone),
            message=_advise(suggestions),
        )

    def find_mismatch(self, name: str, phone: PhoneNumber | None) -> Mismatch | None:
        """Return a warning where *name* and *phone* point to different customers."""
        if phone is None:
            return None
        living = [entry for entry in self._entries.values() if not entry.customer.is_merged]
        by_phone = [entry.customer for entry in living if phone.key in entry.profile.phones]
        words = sorted(name_words(name))
        by_name = [entry.customer for entry in living if words and sorted(entry.words) == words]
        return compare_pointers(name, by_name, by_phone)

    def _match(self, customer: Customer, score: float, reasons: tuple[MatchReason, ...], message: str = "") -> Match:
        return Match(
            customer=customer,
            score=score,
            reasons=reasons,
            message=message or _SENTENCES[reasons[0]],
            obstacle=self._obstacle_of(customer),
        )

    def _obstacle_of(self, customer: Customer) -> Obstacle | None:
        if customer.is_merged:
            survivor = self._survivor_of(customer)
            return Obstacle(
                code="merged", message=f"This record was merged; use customer {survivor}.", use_instead=survivor
            )
        if customer.status is CustomerStatus.BLOCKED:
            return Obstacle(code="blocked", message="This customer is blocked.")
        missing = [name for name in self._required if not getattr(customer, name, customer.attributes.get(name))]
        if missing:
            return Obstacle(code="incomplete", message=f"The record lacks {' and '.join(missing)}; fill it in first.")
        return None

    def _survivor_of(self, customer: Customer) -> str:
        redirects = {entry.customer.customer_id: entry.customer.merged_into for entry in self._merged()}
        return resolve_redirect(customer.customer_id, redirects)

    def _merged(self) -> Iterator[_Entry]:
        return (entry for entry in self._entries.values() if entry.customer.is_merged)


_SENTENCES = {
    MatchReason.ID: "This is the customer's number.",
    MatchReason.PHONE: "The phone number is the same.",
    MatchReason.EMAIL: "The email address is the same.",
    MatchReason.LOYALTY_ID: "The customer card is the same.",
    MatchReason.NAME: "The name is the same.",
    MatchReason.PARTIAL_PHONE: "The phone number has these digits.",
    MatchReason.PARTIAL_EMAIL: "The email address has these letters.",
    MatchReason.NICKNAME: "The name is a short form or another spelling.",
    MatchReason.PARTIAL_NAME: "The name begins like this.",
    MatchReason.SIMILAR_NAME: "The name is spelt nearly like this.",
}
_NAME_REASONS = {
    Likeness.SAME: (MatchReason.NAME, 0.85),
    Likeness.NICKNAME: (MatchReason.NICKNAME, 0.7),
    Likeness.INITIAL: (MatchReason.PARTIAL_NAME, 0.55),
    Likeness.SIMILAR: (MatchReason.SIMILAR_NAME, 0.5),
}


class _Sought:
    """What was typed, read in every way that it may be meant."""

    def __init__(self, query: str, region: str | None) -> None:
        text = query.strip()
        self._exact = text.casefold()
        parsed = parse_phone(text, region=region)
        self._phone = parsed.key if isinstance(parsed, PhoneNumber) else ""
        digits = "".join(character for character in text if character.isdecimal())
        is_number = len(digits) >= PHONE_DIGITS_MIN and not any(character.isalpha() for character in text)
        self._digits = digits.lstrip("0") if is_number and not self._phone else ""
        self._email = self._exact if len(text) >= EMAIL_LETTERS_MIN and " " not in text else ""
        is_name = any(character.isalpha() for character in text) and not digits and "@" not in text
        self._words = name_words(text) if is_name else []

    def look_at(self, entry: _Entry) -> _Found | None:
        """Return how well *entry* fits and why, None where it does not."""
        if not self._exact:
            return None
        found = [*self._by_key(entry), *self._by_phone(entry), *self._by_email(entry), *self._by_name(entry)]
        if not found:
            return None
        found.sort(key=lambda one: -one[0])
        return found[0][0], tuple(reason for _, reason in found)

    def _by_key(self, entry: _Entry) -> Iterator[tuple[float, MatchReason]]:
        if self._exact == entry.customer.customer_id.casefold():
            yield 1.0, MatchReason.ID
        if self._exact == entry.customer.loyalty_id.casefold():
            yield 1.0, MatchReason.LOYALTY_ID

    def _by_phone(self, entry: _Entry) -> Iterator[tuple[float, MatchReason]]:
        if self._phone:
            if any(one.key == self._phone for one in entry.customer.phones):
                yield 0.99, MatchReason.PHONE
        elif self._digits and any(self._digits in digits for digits in entry.digits):
            is_end = any(digits.endswith(self._digits) for digits in entry.digits)
            yield (0.8 if is_end else 0.7) + min(len(self._digits), 9) / 100, MatchReason.PARTIAL_PHONE

    def _by_email(self, entry: _Entry) -> Iterator[tuple[float, MatchReason]]:
        if self._email and entry.emails:
            if self._email in entry.emails:
                yield 0.98, MatchReason.EMAIL
            elif any(self._email in email for email in entry.emails):
                yield 0.6, MatchReason.PARTIAL_EMAIL

    def _by_name(self, entry: _Entry) -> Iterator[tuple[float, MatchReason]]:
        """Yield why the name fits: every word that was typed has to fit a word of it."""
        if not self._words or not entry.words:
            return
        least = Likeness.SAME
        for word in self._words:
            least = min(least, max(_fit(word, other) for other in entry.words))
            if least <= Likeness.UNKNOWN:
                return
        reason, score = _NAME_REASONS[least]
        is_whole = len(self._words) >= len(entry.words)
        yield score + (0.1 if is_whole else 0.0), reason


def _fit(word: str, other: str) -> Likeness:
    """Return how a typed word fits a word of a name; its beginning counts like an initial."""
    if word != other and other.startswith(word):
        return Likeness.NICKNAME if compare_words(word, other) is Likeness.NICKNAME else Likeness.INITIAL
    return compare_words(word, other)


def _entry_of(customer: Customer) -> _Entry:
    return _Entry(
        customer,
        profile_of(customer),
        tuple(name_words(customer.name)),
        tuple(one.e164 for one in customer.phones),
        tuple(dict.fromkeys(text for one in customer.emails for text in (one.address.casefold(), one.key))),
    )


def _hide(customer: Customer, filters: Mapping[str, Filter], hidden: Counter[str]) -> bool:
    failed = [name for name, passes in filters.items() if not passes(customer)]
    hidden.update(failed)
    return bool(failed)


def _advise(suggestions: Sequence[Match]) -> str:
    if not suggestions:
        return ""
    best = suggestions[0]
    customer_id = (
        best.obstacle.use_instead if best.obstacle and best.obstacle.use_instead else best.customer.customer_id
    )
    return f"This looks like customer {customer_id}: {best.message[0].lower()}{best.message[1:]}"

"""A campaign file in, everything that a campaign is made of out, or all that is wrong by its path. Reads its files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs

from campaignkit.addresses.zones import is_zone
from campaignkit.campaign.doubts import DoubtPolicy
from campaignkit.cli.messages import Message, read_message
from campaignkit.cli.problems import InvalidSettings
from campaignkit.cli.providers import read_transport
from campaignkit.cli.reading import Reading
from campaignkit.cli.settings import CampaignFile, WindowTable
from campaignkit.cli.structuring import read_settings
from campaignkit.message.links.tokens import MERCHANT_BYTES_MAX
from campaignkit.ports import Transport
from campaignkit.timing.limits import OTHER_DESTINATIONS, PRESETS, Interval, Limit, country_caps, limit_from_text
from campaignkit.timing.windows import SendWindow

__all__ = ["Plan", "read_plan"]

CHANNELS = ("email", "sms")
KINDS = ("marketing", "transactional")


@attrs.frozen(kw_only=True)
class Plan:
    """A campaign file whose every value was understood."""

    file: CampaignFile
    transport: Transport
    message: Message
    window: SendWindow | None
    interval: Interval | None
    limits: tuple[Limit, ...]  # of the campaign alone
    sender_limits: tuple[Limit, ...] | None  # None: the file says nothing of them
    destination_limits: Mapping[str, tuple[Limit, ...]]
    start_at: datetime | None  # aware
    deadline: datetime | None


def read_plan(path: Path, environ: Mapping[str, str]) -> Plan:
    """Return what the file at *path* plans; its own paths begin where it stands. Nothing is connected to.

    Raises:
        InvalidSettings: with all problems at once.
    """
    return _Reader(read_settings(path, CampaignFile), path.parent, environ).plan()


class _Reader:
    """Collects problems while it reads, so that nobody mends a file one line at a time."""

    def __init__(self, file: CampaignFile, folder: Path, environ: Mapping[str, str]) -> None:
        self._file = file
        self._reading = Reading(folder, environ)
        self._problems = self._reading.problems

    def plan(self) -> Plan:
        campaign = self._file.campaign
        zone = self._zone()
        self._check_names()
        start_at, deadline = _aware(campaign.start_at, zone), _aware(campaign.deadline, zone)
        if start_at and deadline and deadline <= start_at:
            self._problems.append("campaign.deadline: must be after campaign.start_at")
        is_mail = campaign.channel != "sms"
        transport = read_transport(self._file.sender, is_mail=is_mail, reading=self._reading)
        message, window = read_message(campaign, self._reading), self._window(campaign.window)
        seconds, jitter = campaign.interval_seconds, campaign.jitter_seconds
        interval = (
            None
            if seconds is None
            else self._reading.attempt("campaign.interval_seconds", lambda: Interval(seconds, jitter=jitter))
        )
        limits = self._limits("campaign.limits", campaign.limits)
        sender_limits, destination_limits = self._sender_limits(), self._destination_limits()
        if self._problems or transport is None or message is None:
            raise InvalidSettings(tuple(self._problems))
        return Plan(
            file=self._file,
            transport=transport,
            message=message,
            window=window,
            interval=interval,
            limits=limits,
            sender_limits=sender_limits,
            destination_limits=destination_limits,
            start_at=start_at,
            deadline=deadline,
        )

    def _zone(self) -> ZoneInfo:
        name = self._file.merchant.zone
        if is_zone(name):
            return ZoneInfo(name)
        self._problems.append(f"merchant.zone: {name!r} is no time zone; write it like America/New_York")
        return ZoneInfo("UTC")

    def _check_names(self) -> None:
        merchant, campaign = self._file.merchant, self._file.campaign
        if len(merchant.region) != 2 or not merchant.region.isascii() or not merchant.region.isalpha():
            self._problems.append("merchant.region: must be two letters of ISO 3166-1, such as US")
        if campaign.channel not in CHANNELS:
            self._problems.append(f"campaign.channel: must be one of {', '.join(CHANNELS)}")
        if campaign.channel == "sms" and self._file.sender.reply_to:
            self._problems.append("sender.reply_to: answers to texts go to their sender")
        if len(merchant.id.encode()) > MERCHANT_BYTES_MAX:
            self._problems.append(f"merchant.id: may have at most {MERCHANT_BYTES_MAX} bytes")
        if campaign.kind not in KINDS:
            self._problems.append(f"campaign.kind: must be one of {', '.join(KINDS)}")
        if campaign.on_doubt not in set(DoubtPolicy):
            self._problems.append(f"campaign.on_doubt: must be one of {', '.join(DoubtPolicy)}")
        for path, name in (("merchant.id", merchant.id), ("campaign.name", campaign.name)):
            if not name.strip():
                self._problems.append(f"{path}: is empty")

    def _limits(self, path: str, texts: Sequence[str]) -> tuple[Limit, ...]:
        found = [
            self._reading.attempt(f"{path}[{place}]", partial(limit_from_text, text))
            for place, text in enumerate(texts)
        ]
        return tuple(limit for limit in found if limit is not None)

    def _sender_limits(self) -> tuple[Limit, ...] | None:
        sender = self._file.sender
        if sender.provider is None:
            return None if sender.limits is None else self._limits("sender.limits", sender.limits)
        if sender.limits is not None:
            self._problems.append("sender: wants either provider, the code of a preset, or limits")
        preset = next((preset for preset in PRESETS if preset.code == sender.provider), None)
        if preset is None:
            codes = ", ".join(preset.code for preset in PRESETS)
            self._problems.append(f"sender.provider: must be one of {codes}")
        return None if preset is None else preset.limits

    def _destination_limits(self) -> dict[str, tuple[Limit, ...]]:
        groups, caps = self._file.sender.destination_limits, self._file.sender.country_caps
        is_mail = self._file.campaign.channel != "sms"
        if caps is not None and (groups or is_mail):
            self._problems.append("sender.country_caps: are for texts, and instead of destination_limits")
        if is_mail and OTHER_DESTINATIONS in groups:
            self._problems.append("sender.destination_limits: those of mail are for domains that are named")
        if caps is not None:
            return self._reading.attempt("sender.country_caps", partial(country_caps, caps)) or {}
        return {group: self._limits(f"sender.destination_limits.{group}", texts) for group, texts in groups.items()}

    def _window(self, table: WindowTable | None) -> SendWindow | None:
        if table is None:
            return None
        fields = {name: value for name, value in attrs.asdict(table, recurse=False).items() if value is not None}
        missing = [name for name in ("opens", "closes") if not table.hours and name not in fields]
        self._problems.extend(f"campaign.window.{name}: missing" for name in missing)
        return self._reading.attempt("campaign.window", lambda: SendWindow(**fields))


def _aware(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at.replace(tzinfo=zone) if at is not None and at.tzinfo is None else at

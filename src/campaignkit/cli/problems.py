"""What can go wrong on the command line alone, coded like the library's own errors. Pure."""

from typing import TYPE_CHECKING, ClassVar

import attrs

from campaignkit.errors import (
    CampaignKitError,
    InvalidAddress,
    InvalidContent,
    InvalidTemplate,
    MissingExtra,
    NoAddressColumn,
    NotReady,
    UnknownColumn,
    UnreadableContacts,
)

if TYPE_CHECKING:
    from campaignkit.insight.preflight import Finding

__all__ = [
    "CONFIRMED",
    "REFUSED",
    "UNFINISHED",
    "WRONG_INPUT",
    "Blocked",
    "DatabaseUnavailable",
    "FileInTheWay",
    "InvalidSettings",
    "NotConfirmed",
    "NotPreviewed",
    "UnwritableFolder",
    "UsageProblem",
    "exit_code_of",
]

CONFIRMED = 0
REFUSED = 1
WRONG_INPUT = 2  # argparse's own
UNFINISHED = 3  # a campaign that failed, waits for somebody, or was stopped


@attrs.frozen
class UsageProblem(CampaignKitError):
    """The command was typed wrongly."""

    code: ClassVar[str] = "usage"
    problem: str
    usage: str = attrs.field(default="", kw_only=True)

    def __str__(self) -> str:
        return self.problem


@attrs.frozen
class InvalidSettings(CampaignKitError):
    """A campaign file cannot be used; every problem names its place, such as ``campaign.window.opens``."""

    code: ClassVar[str] = "invalid_settings"
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.problems)


@attrs.frozen
class DatabaseUnavailable(CampaignKitError):
    """The database cannot be opened. Its URL is not repeated, since it may hold a password."""

    code: ClassVar[str] = "database_unavailable"
    problem: str

    def __str__(self) -> str:
        return f"the database cannot be opened: {self.problem}"


@attrs.frozen
class Blocked(CampaignKitError):
    """Preflight found blockers, and nothing was scheduled; the code is that of the kit's own NotReady."""

    code: ClassVar[str] = NotReady.code
    name: str
    blockers: "tuple[Finding, ...]"

    def __str__(self) -> str:
        return f"{self.name!r} is not ready: {', '.join(finding.code for finding in self.blockers)}"


@attrs.frozen
class NotConfirmed(CampaignKitError):
    """Somebody said no, or there was nobody to ask."""

    code: ClassVar[str] = "not_confirmed"
    problem: str

    def __str__(self) -> str:
        return self.problem


@attrs.frozen
class NotPreviewed(CampaignKitError):
    """There is no message to show: whoever was asked about gets none."""

    code: ClassVar[str] = "not_previewed"
    problem: str

    def __str__(self) -> str:
        return self.problem


@attrs.frozen
class FileInTheWay(CampaignKitError):
    """A file of that name is there; nothing was written."""

    code: ClassVar[str] = "file_exists"
    path: str

    def __str__(self) -> str:
        return f"{self.path} is there already; --force replaces it"


@attrs.frozen
class UnwritableFolder(CampaignKitError):
    """A file cannot be written where it was asked for."""

    code: ClassVar[str] = "folder_unwritable"
    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path} cannot be written: {self.problem}"


_WRONG_INPUT = (
    UsageProblem,
    InvalidSettings,
    DatabaseUnavailable,
    UnwritableFolder,
    InvalidAddress,
    InvalidContent,
    InvalidTemplate,
    MissingExtra,
    NoAddressColumn,
    UnknownColumn,
    UnreadableContacts,
)


def exit_code_of(error: CampaignKitError) -> int:
    """Return 2 where what was given cannot be read or used at all, 1 where it is refused as things stand.

    >>> exit_code_of(UsageProblem("no such command")), exit_code_of(NotConfirmed("nothing was sent"))
    (2, 1)
    """
    return WRONG_INPUT if isinstance(error, _WRONG_INPUT) else REFUSED

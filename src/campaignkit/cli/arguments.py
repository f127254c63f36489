"""What may be typed: argv in, options out. Pure, but for argparse printing its own help."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from campaignkit.cli.problems import UsageProblem

__all__ = ["DEFAULT_DATABASE", "parse_arguments"]

DEFAULT_DATABASE = "sqlite:///campaigns.db"
EXIT_CODES = "exit codes: 0 done, 1 refused, 2 usage or an unreadable file, 3 the campaign failed, waits or was stopped"


class _Parser(argparse.ArgumentParser):
    """Raises what argparse would print, so that ``--json`` is kept for wrong usage too."""

    def __init__(self, **options: Any) -> None:
        # Abbreviations would make every new option a change of meaning.
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageProblem(message, usage=" ".join(self.format_usage().removeprefix("usage:").split()))


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        import campaignkit

        parser.exit(message=f"campaignkit {campaignkit.__version__}\n")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; ``.command`` is the module under ``campaignkit.cli`` and the function in it.

    Raises:
        UsageProblem: they are wrong.
        SystemExit: help or the version was asked for, and printed.
    """
    return _parser().parse_args(argv)


def _parser() -> _Parser:
    parser = _Parser(prog="campaignkit", description="Email and SMS campaigns from the shell.", epilog=EXIT_CODES)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    adders = (
        *(_add_check, _add_duplicates, _add_preview, _add_forecast, _add_send),
        *(_add_status, _add_explain, _add_worker, _add_db),
    )
    for add in adders:
        add(commands)
    return parser


def _add_check(commands: Any) -> None:
    check = _command(commands, "check", "check.run_check", "tell what is wrong with a list of contacts")
    check.add_argument("contacts", metavar="CONTACTS.CSV")
    check.add_argument("--region", help="country of phone numbers in national form, such as US")
    check.add_argument("--channel", choices=("email", "sms"), default="email", help="how they are written to (email)")
    check.add_argument("--kind", choices=("marketing", "transactional"), default="marketing", help="(marketing)")
    check.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="WHAT=COLUMN",
        help="which column answers what, such as email=Adres; may be repeated",
    )
    check.add_argument("--rejections", metavar="OUT.CSV", help="write what is refused, with reasons, to a file")
    check.add_argument(
        "--stale-after",
        type=int,
        default=730,
        metavar="DAYS",
        help="name customers last seen before that, where a column says when (730)",
    )


def _add_duplicates(commands: Any) -> None:
    duplicates = _command(commands, "duplicates", "duplicates.run_duplicates", "tell who stands in a list twice")
    duplicates.epilog = "exit codes: 0 nobody stands there twice, 1 somebody does, 2 usage or an unreadable file"
    duplicates.add_argument("customers", metavar="CUSTOMERS.CSV")
    duplicates.add_argument("--region", help="country of phone numbers in national form, such as US")


def _add_preview(commands: Any) -> None:
    preview = _command(commands, "preview", "preview.run_preview", "show what one recipient would get; nothing is sent")
    preview.add_argument("campaign_file", metavar="CAMPAIGN.TOML")
    preview.add_argument("contacts", metavar="CONTACTS.CSV")
    who = preview.add_mutually_exclusive_group()
    who.add_argument("--to", metavar="ADDRESS", help="whose message, by an address in any spelling (the first's)")
    who.add_argument("--row", type=int, metavar="N", help="by the row of the list; the header is row 1")
    who.add_argument("--contact", metavar="ID", help="by the customer's id")
    preview.add_argument("--out", default=".", metavar="FOLDER", help="where a mail is written as .eml (.)")
    preview.add_argument("--force", action="store_true", help="replace a file that is there")


def _add_forecast(commands: Any) -> None:
    forecast = _command(commands, "forecast", "forecast.run_forecast", "tell when a campaign will have gone out")
    forecast.epilog = "exit codes: 0 all who can be written to are reached, 1 not all, 2 usage or an unreadable file"
    forecast.add_argument("campaign_file", metavar="CAMPAIGN.TOML")
    forecast.add_argument("contacts", metavar="CONTACTS.CSV")


def _add_send(commands: Any) -> None:
    send = _command(commands, "send", "send.run_send", "send a campaign to a list, to the end; again to go on")
    send.add_argument("campaign_file", metavar="CAMPAIGN.TOML")
    send.add_argument("contacts", metavar="CONTACTS.CSV")
    _add_database(send)
    send.add_argument("--yes", action="store_true", help="do not ask before sending")
    send.add_argument(
        "--confirm-numbers", action="store_true", help="somebody has looked at the numbers that seem made up"
    )


def _add_status(commands: Any) -> None:
    status = _command(commands, "status", "look.run_status", "list campaigns, or count one's recipients")
    status.add_argument("campaign", nargs="?", metavar="CAMPAIGN", help="its id or name; all of them if left out")
    _add_database(status, has_merchant=True)


def _add_explain(commands: Any) -> None:
    explain = _command(commands, "explain", "look.run_explain", "tell what became of one row, and why")
    explain.add_argument("campaign", metavar="CAMPAIGN", help="its id or name")
    explain.add_argument("who", metavar="WHO", help="an address, a customer's id, or 'row 12' of the list")
    _add_database(explain, has_merchant=True)


def _add_worker(commands: Any) -> None:
    worker = _command(commands, "worker", "worker.run_worker", "send what is due until SIGTERM or Ctrl-C")
    worker.add_argument("factory", metavar="MODULE:MAKE_KIT", help="a function that returns a CampaignKit")


def _add_db(commands: Any) -> None:
    db = commands.add_parser("db", help="look after the database", description="Look after the database.")
    verbs = db.add_subparsers(title="commands", metavar="COMMAND", required=True)
    upgrade = _command(verbs, "upgrade", "database.run_upgrade", "create or migrate the tables; safe to repeat")
    _add_database(upgrade)


def _command(commands: Any, name: str, function: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", epilog=EXIT_CODES
    )
    parser.set_defaults(command=function)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    return parser


def _add_database(parser: argparse.ArgumentParser, *, has_merchant: bool = False) -> None:
    what = f"its URL ({DEFAULT_DATABASE}); ${{NAME}} in it is read from the environment"
    parser.add_argument("--db", default=DEFAULT_DATABASE, metavar="URL", help=what)
    if has_merchant:
        parser.add_argument("--merchant", required=True, metavar="ID", help="whose campaigns")

"""What reading a campaign file shares: its folder, the environment, and every problem found so far. Reads files."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from campaignkit.cli.placeholders import MissingVariable, fill_url
from campaignkit.errors import InvalidContent

__all__ = ["Reading"]

T = TypeVar("T")
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_NAMED_BY_PATH = frozenset({"subject", "text", "html", "headers", "attachments"})  # what the path says already


class Reading:
    """Collects problems, so that nobody mends a file one line at a time."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self._environ = environ
        self.problems: list[str] = []

    def refuse(self, path: str, problem: str) -> None:
        """Keep what is wrong at *path*, such as ``campaign.window.opens``."""
        self.problems.append(f"{path}: {problem}")

    def attempt(self, path: str, make: Callable[[], T]) -> T | None:
        """Return what *make* returns, or None and a problem at *path*."""
        try:
            return make()
        except InvalidContent as error:
            self.refuse(path, error.problem if error.field in _NAMED_BY_PATH else str(error))
        except (ValueError, TypeError) as error:
            self.refuse(path, str(error))
        return None

    def octets(self, path: str, file_name: str) -> bytes | None:
        """Return what the file holds; its name begins where the campaign file stands."""
        try:
            return (self.folder / file_name).read_bytes()
        except OSError as error:
            self.refuse(path, f"{file_name}: {error.strerror}")
        except ValueError:  # a NUL in its name
            self.refuse(path, f"{file_name!r} is no name of a file")
        return None

    def text(self, path: str, file_name: str) -> str | None:
        """Return what the file says."""
        octets = self.octets(path, file_name)
        if octets is None:
            return None
        try:
            return octets.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            self.refuse(path, f"{file_name} is not UTF-8")
        return None

    def url(self, path: str, url: str) -> str | None:
        """Return *url* with what the environment says for each ``${NAME}``."""
        try:
            return fill_url(url, self._environ)
        except MissingVariable as error:
            self.refuse(path, str(error))
        return None

    def secret(self, path: str, written: str) -> str | None:
        """Return the secret that ``${NAME}`` stands for; one that stands in the file itself is refused."""
        if not _VARIABLE.fullmatch(written):
            self.refuse(path, "is a secret; write ${NAME} and put it into the environment")
            return None
        return self.url(path, written)

"""The command line: arguments in, a report on the terminal or one JSON document and an exit code out.

Importing it loads neither the database nor the phone numbers; a command loads what it needs when it runs.
"""

from campaignkit.cli.program import main

__all__ = ["main"]

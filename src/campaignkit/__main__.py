"""``python -m campaignkit`` is the command line."""

import sys

from campaignkit.cli import main

if __name__ == "__main__":
    sys.exit(main())

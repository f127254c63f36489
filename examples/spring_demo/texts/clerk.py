"""A fresh process that has nothing but the SQLite file. The books of both campaigns of texts and the credit out.

``python -m examples.spring_demo.texts.clerk shop.db`` prints them as JSON, and with more arguments (``"row 17"``,
``+12125550143``) the story of each as well.
"""

import json
import sys
from pathlib import Path
from typing import Any

import attrs

import campaignkit as ck
from examples.spring_demo.clerk import books_of
from examples.spring_demo.texts.scene import EVENING, ORDERS_KEY, TULIPS_KEY, find_texts, open_text_kit


def credit_of(flora: ck.Merchant) -> dict[str, Any]:
    """Return the balance, and the statement line by line."""
    balance = flora.credits.balance()
    return {
        "balance": {name: getattr(balance, name) for name in ("granted", "available", "held", "spent", "expired")},
        "lines": [
            {"key": entry.key, "kind": entry.kind, "reference": entry.reference, **attrs.asdict(entry.change)}
            for entry in flora.credits.statement().entries
        ],
    }


def main() -> None:
    """Print the books, and the stories that are asked for."""
    database, *asked = sys.argv[1:]
    with open_text_kit(Path(database), ck.FrozenClock(EVENING)) as kit:
        flora = kit.merchant("flora")
        tulips = find_texts(flora, TULIPS_KEY)
        told = {
            "campaigns": {key: books_of(flora, find_texts(flora, key).id) for key in (ORDERS_KEY, TULIPS_KEY)},
            "credit": credit_of(flora),
            "stories": [ck.to_dict(flora.explain(tulips.id, who)) for who in asked],
        }
        print(json.dumps(told))


if __name__ == "__main__":
    main()

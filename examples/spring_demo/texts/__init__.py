"""The second half: the same shop sends texts, which cost money, through a gateway that counts for itself.

``scene`` has the cards, the prices and the gateway's table; ``cards`` is before, ``afternoon`` while and ``aftermath``
after the texts leave. Around them run real processes: ``gateway``, ``worker`` and, at the end, a ``clerk`` who knows
nothing but the SQLite file. ``judge`` believes only the file of cards, the gateway's log and the printed prices.
"""

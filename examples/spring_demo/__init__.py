"""One real campaign from a dirty CSV to an explained result: ``python -m examples.spring_demo``.

``shop`` sets the scene, ``story`` tells it. Around it run real processes: ``mail_server``, one ``worker`` after the
other, and at the end a ``clerk`` who knows nothing but the SQLite file. ``judge`` believes only the file and the log.
``texts`` is the second half: the same shop, another channel, and credit that runs out.
"""

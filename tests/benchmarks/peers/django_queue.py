"""A queue of mails in django-post-office or django-mailer, sent to its end. Run in the peers' environment.

Both as their own commands run them (send_queued_mail, send_mail), logging as they do; the mails are rendered before.
"""
# mypy: disable-error-code="import-not-found,import-untyped,no-any-return"

import json
import logging
import sys
import time
from typing import Any

import django
from django.conf import settings

Job = dict[str, Any]


def configure(job: Job) -> None:
    backend = "django.core.mail.backends.smtp.EmailBackend"
    settings.configure(
        SECRET_KEY="benchmark",
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office", "mailer"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": job["database"], "OPTIONS": OPTIONS}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        EMAIL_BACKEND=backend,
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=job["port"],
        EMAIL_TIMEOUT=60,
        MAILER_EMAIL_BACKEND=backend,
        MAILER_USE_FILE_LOCK=False,
        MAILER_EMAIL_MAX_DEFERRED=None,
        POST_OFFICE={
            "BACKENDS": {"default": backend},
            "THREADS_PER_PROCESS": job["connections"],
            "BATCH_SIZE": 100,
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )
    django.setup()


# As durable as ours, and with the same journal, which helps them.
OPTIONS = {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}


def send_post_office(job: Job) -> int:
    from post_office.mail import send_many, send_queued_mail_until_done
    from post_office.models import STATUS, Email

    send_many([_post_office_mail(job, address) for address in job["addresses"]])
    start(job)
    send_queued_mail_until_done(lockfile=job["database"] + ".lock", processes=1)
    stop(job)
    return Email.objects.filter(status=STATUS.sent).count()


def _post_office_mail(job: Job, address: str) -> Job:
    return {"sender": job["from"], "recipients": [address], "subject": job["subject"], "message": job["body"]}


def send_django_mailer(job: Job) -> int:
    from mailer.engine import send_all
    from mailer.models import PRIORITY_MEDIUM, Message, MessageLog, make_message

    parts = {"subject": job["subject"], "body": job["body"], "from_email": job["from"], "priority": PRIORITY_MEDIUM}
    Message.objects.bulk_create([make_message(to=[address], **parts) for address in job["addresses"]])
    start(job)
    send_all()
    stop(job)
    return MessageLog.objects.filter(result="1").count()


def start(job: Job) -> None:
    job["began_at"], job["cpu_at"] = time.perf_counter(), time.process_time()


def stop(job: Job) -> None:
    job["seconds"], job["cpu_seconds"] = time.perf_counter() - job["began_at"], time.process_time() - job["cpu_at"]


def main() -> None:
    job = json.load(sys.stdin)
    logging.disable(logging.INFO)
    configure(job)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    sent = {"post_office": send_post_office, "django_mailer": send_django_mailer}[job["peer"]](job)
    print(json.dumps({"sent": sent, "seconds": job["seconds"], "cpu_seconds": job["cpu_seconds"]}))


if __name__ == "__main__":
    main()

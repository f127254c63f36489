"""The example of a host with Celery runs as its README says: a worker, beat, and the host's own process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.redis import Redis, missing

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120  # of a busy machine; an idle one needs five


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    if missing():
        pytest.skip(f"NO REDIS, so the example did not run: {missing()}")
    with Redis() as redis:
        database = f"sqlite:///{tmp_path / 'campaigns.db'}"
        places = {"SHOP_BROKER": redis.url, "SHOP_DATABASE": database, "SHOP_OUTBOX": str(tmp_path / "outbox")}
        yield {**os.environ, **places}


@pytest.fixture
def worker(environ: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of two processes with beat beside it, in a process group of its own."""
    words = ["-m", "celery", "--app", "examples.celery_app.shop", "worker", "--concurrency", "2", "--beat"]
    words += ["--schedule", str(tmp_path / "beat"), "--loglevel", "INFO"]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=environ, stdout=log, stderr=log, process_group=0
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        print((tmp_path / "worker.log").read_text())


def test_everybody_gets_one_mail(environ: dict[str, str], worker: subprocess.Popen[bytes], tmp_path: Path) -> None:
    words = ["-m", "examples.celery_app.campaigns", "--people", "40", "--seconds", str(PATIENCE_SECONDS)]
    host = subprocess.run([sys.executable, *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    worker.send_signal(signal.SIGTERM)

    assert (host.returncode, host.stderr) == (0, "")
    assert host.stdout.splitlines()[-3:] == [f"shop{number} {{'sent': 40}}" for number in (1, 2, 3)]
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 120
    assert worker.wait(PATIENCE_SECONDS) == 0

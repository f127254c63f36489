"""A warm process that forks a worker per job, so that a death costs milliseconds: ``python -m tests.storms.zygote``.

Over its pipes: a line of JSON ``{"start": job}`` is answered by the worker's pid, ``{"wait": true}`` by how one ended,
``{"watch": pid}`` by how that one ended, or by null if it is stopped; ``{"warm": job}`` has it do a job itself, once.
On Linux nothing of it outlives its parent.
"""

import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
WORKER_SECONDS_MAX = 240  # no job takes as long; a worker that hangs ends by its alarm, and that is an error


class Zygote:
    """The other end of the pipes."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.storms.zygote"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if kind is not None:
            self._process.kill()
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    def start(self, job: dict[str, Any]) -> int:
        """Return the pid of a new worker at *job*."""
        return int(self._ask({"start": job}))

    def warm(self, job: dict[str, Any]) -> None:
        """Have *job* done before anybody is forked, so that no worker need learn what it teaches."""
        self._ask({"warm": job})

    def wait(self) -> tuple[int, int]:
        """Return pid and exit code of a worker that ended; the code is negative if a signal killed it."""
        pid, code = self._ask({"wait": True})
        return pid, code

    def watch(self, pid: int) -> int | None:
        """Return the exit code of the worker *pid* when it has ended, or None when it is stopped."""
        _, code = self._ask({"watch": pid})
        return None if code is None else int(code)

    def kill(self, pid: int) -> bool:
        """Kill the worker *pid*, and return whether it was still alive."""
        os.kill(pid, signal.SIGKILL)
        return self.watch(pid) == -signal.SIGKILL

    def run(self, job: dict[str, Any]) -> bool:
        """Return whether the worker came to its end; False if it was killed."""
        self.start(job)
        return ended_well(self.wait()[1])

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def ended_well(code: int) -> bool:
    """Return whether a worker came to its end; one that failed by itself is an error of the test."""
    if code not in {0, -9}:
        raise AssertionError(f"a worker ended with {code}; its traceback stands above")
    return code == 0


def main() -> None:
    from tests.storms.worker import warm_up, work

    _die_with_parent()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warm_up()
    gc.freeze()
    for line in sys.stdin:
        question = json.loads(line)
        if "start" in question:
            pid = os.fork()
            if pid == 0:
                _be_worker(work, question["start"])
            answer: Any = pid
        elif "warm" in question:
            work(question["warm"])
            answer = None
        else:
            ended, status = os.waitpid(question.get("watch", -1), os.WUNTRACED if "watch" in question else 0)
            answer = [ended, None if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)]
        replies.write(json.dumps(answer) + "\n")
        replies.flush()


def _be_worker(work: Any, job: dict[str, Any]) -> None:
    try:
        _die_with_parent()
        signal.alarm(WORKER_SECONDS_MAX)
        work(job)
    except BaseException:  # noqa: BLE001 (the parent learns of it by the exit code)
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


_PR_SET_PDEATHSIG = 1  # prctl(2)


def _die_with_parent() -> None:
    """Let the kernel kill this process, stopped or not, when its parent dies; beyond Linux alarms must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()

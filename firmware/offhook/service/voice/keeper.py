"""The keeper: a process that forks voice runners and does nothing else.

It is forked from the main process before any thread exists, and stays single-threaded, so that it
can fork again, safely, at any time.  A runner that dies is followed by another; one that hangs is
killed.
"""

import gc
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Final, NoReturn

from offhook.service.voice.page import SharedPage
from offhook.units import Seconds

CHECK: Final = Seconds(0.5)
"""Between looks at the runner's heartbeat."""
HUNG: Final = Seconds(2)
"""Without a heartbeat: kill it."""
DEATHS: Final = 5  # runners that died within DEATHS_TIME: give up, systemd starts all anew
DEATHS_TIME: Final = Seconds(60)

Run = Callable[[int], None]
"""The runner, told its generation; returns when it is told to end."""


def fork_keeper(run: Run, page: SharedPage, in_child: Callable[[], None]) -> int:
    """Fork; returns the keeper's process id.  `in_child` closes what is the main process's."""
    return _fork(lambda: _keep(run, page), in_child)


def _keep(run: Run, page: SharedPage) -> None:
    deaths: deque[float] = deque(maxlen=DEATHS)
    generation = 0
    while True:
        generation += 1
        page.beat(Seconds(time.monotonic()))
        number = generation
        runner = _fork(lambda: run(number), lambda: None)  # noqa: B023  # called at once
        if _watch(runner, page) == 0:
            return
        deaths.append(time.monotonic())
        if len(deaths) == DEATHS and deaths[-1] - deaths[0] < DEATHS_TIME:
            raise RuntimeError(f"{DEATHS} voice runners died within {DEATHS_TIME:g} s")


def _watch(runner: int, page: SharedPage) -> int:
    """Wait for the runner's end; returns its exit status, negative for a signal."""
    while True:
        signal.sigtimedwait({signal.SIGCHLD}, CHECK)
        pid, status = os.waitpid(runner, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() - page.last_beat() > HUNG:
            os.kill(runner, signal.SIGKILL)


def _fork(body: Callable[[], None], before: Callable[[], None]) -> int:
    gc.freeze()  # what exists now is never looked at again, so that its pages stay shared
    pid = os.fork()
    if not pid:
        _in_child(body, before)
    return pid


def _in_child(body: Callable[[], None], before: Callable[[], None]) -> NoReturn:
    """The main process ends us through the channel; signals to the group are for it alone."""
    status = 1
    try:
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        before()
        body()
        status = 0
    except BaseException:  # noqa: BLE001  # the last frame of this process: say it, and end
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)

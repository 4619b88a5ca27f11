"""A child's tie to its parent: when the parent is gone, however it died, the child is told to end, then made to."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_ORPHANED = 70
_PR_SET_PDEATHSIG = 1  # prctl(2), Linux alone


class Lifeline:
    """A pipe nobody writes to: the parent alone keeps its writing end, so its death is the end of file."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        # Loaded before the fork: a child should do as little as it can before it is tied.
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def hold(self, parent: int, *, grace: float) -> None:
        """In the child: get SIGTERM when the process `parent` dies, and be ended `grace` seconds later.

        The kernel sends it where it can; elsewhere a thread does, which everywhere enforces the grace. A child that
        does nothing about SIGTERM just ends.
        """
        os.close(self._writing)
        told = self._libc is not None and self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) == 0
        if os.getppid() != parent:
            os._exit(_ORPHANED)
        watch = threading.Thread(target=self._watch, args=(told, grace), name="lifeline", daemon=True)
        watch.start()

    def close(self) -> None:
        """In the parent, once no child is left: to those that are, it is the parent's death."""
        os.close(self._reading)
        os.close(self._writing)

    def _watch(self, told: bool, grace: float) -> None:
        os.read(self._reading, 1)
        if not told:
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace)
        os._exit(_ORPHANED)


@contextmanager
def open_lifeline() -> Iterator[Lifeline]:
    """One for all children of this parent."""
    line = Lifeline()
    try:
        yield line
    finally:
        line.close()

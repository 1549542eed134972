"""Single keys from the terminal."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

if sys.platform == "win32":
    import msvcrt

    class _Terminal:
        def raw(self) -> None:
            """Nothing: the console gives single keys when asked for them."""

        def cooked(self) -> None:
            """Nothing, likewise."""

        def read(self, timeout: float) -> str:
            end = time.monotonic() + timeout
            while not msvcrt.kbhit():
                if time.monotonic() >= end:
                    return ""
                time.sleep(0.01)
            text = ""
            while msvcrt.kbhit():
                text += msvcrt.getwch()
            if "\x03" in text:
                raise KeyboardInterrupt
            return text
else:
    import select
    import termios
    import tty

    class _Terminal:
        def __init__(self) -> None:
            self._input = sys.stdin.fileno()
            self._before = termios.tcgetattr(self._input)

        def raw(self) -> None:
            tty.setcbreak(self._input, termios.TCSADRAIN)

        def cooked(self) -> None:
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)

        def read(self, timeout: float) -> str:
            if not select.select([self._input], [], [], timeout)[0]:
                return ""
            pressed = os.read(self._input, 4096)
            if not pressed:
                raise EOFError("the terminal is gone")
            return pressed.decode(errors="replace")


class Keys:
    """The keyboard, for the time of a ``with`` statement, after which the terminal is as it was; also after a SIGTERM.

    Ctrl+C stays what it is.
    """

    def __init__(self) -> None:
        self._terminal = _Terminal()
        self._on_term: Any = signal.SIG_DFL

    def __enter__(self) -> Keys:
        self._on_term = signal.signal(signal.SIGTERM, _leave)
        self._terminal.raw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._terminal.cooked()
        signal.signal(signal.SIGTERM, self._on_term)

    def read(self, timeout: float) -> str | None:
        """The key that was pressed, or None when ``timeout`` seconds have passed.

        What comes several characters at once was pasted, or is no letter: it is passed over.
        """
        pressed = self._terminal.read(timeout)
        return pressed if len(pressed) == 1 else None

    def drain(self, seconds: float) -> None:
        """Forget what was pressed until now and in the next ``seconds``: it was meant for what was shown before."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._terminal.read(left)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Give the terminal back, for an editor or a line of text."""
        self._terminal.cooked()
        try:
            yield
        finally:
            self._terminal.raw()


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)

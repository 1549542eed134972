"""The command line as a user has it: in a process of its own, at a terminal of its own where that matters."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE = 30.0
_PROGRAM = "import sys; from signoff.cli import main; sys.exit(main())"
STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|\r")


def command(*arguments: str) -> list[str]:
    """``signoff`` with these arguments, as a program to start."""
    return [sys.executable, "-c", _PROGRAM, *arguments]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """A user's environment in which nothing of ours is set."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "EDITOR", "VISUAL", "COLUMNS")
    }
    return kept | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | dict(more or {})


def run(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``signoff`` through pipes, with nobody at a terminal, to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )


class Terminal:
    """A terminal with ``signoff`` in it."""

    def __init__(self, folder: Path, arguments: Sequence[str], env: Mapping[str, str], size: tuple[int, int]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.modes_before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            command(*arguments), cwd=folder, env=environment(env), stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=_take_terminal,
        )  # fmt: skip
        self._slave = slave
        self.raw = ""
        self._seen = 0

    @property
    def text(self) -> str:
        """All that was shown, without what steers the terminal."""
        return STEERING.sub("", self.raw)

    @property
    def modes(self) -> list[object]:
        """The modes of the terminal at present."""
        return termios.tcgetattr(self._slave)

    def expect(self, *texts: str) -> str:
        """Wait until these texts have been shown, in this order, since the last time; what was shown until then."""
        end = time.monotonic() + PATIENCE
        start = self._seen
        for text in texts:
            while (place := self.text.find(text, self._seen)) < 0:
                left = end - time.monotonic()
                assert left > 0, f"{text!r} was not shown; shown was:\n{self.text[start:]}"
                assert self._read(left), f"it ended without showing {text!r}; shown was:\n{self.text[start:]}"
            self._seen = place + len(text)
        return self.text[start : self._seen]

    def expect_one_of(self, *texts: str, press: str = "") -> str:
        """Wait until one of these texts has been shown since the last time; what was shown until then.

        Args:
            press: a key that is pressed again while nothing is shown: one that came together with another, which was
                meant for what was shown a moment earlier, is passed over.
        """
        end = time.monotonic() + PATIENCE
        while not (found := {place: text for text in texts if (place := self.text.find(text, self._seen)) >= 0}):
            left, before = end - time.monotonic(), len(self.raw)
            assert left > 0, f"none of {texts} was shown; shown was:\n{self.text[self._seen :]}"
            assert self._read(left), f"it ended without showing any of {texts}:\n{self.text[self._seen :]}"
            if len(self.raw) == before:
                self.press(press)
        return self.expect(found[min(found)])

    def press(self, keys: str) -> None:
        """Press keys, all at once."""
        os.write(self._master, keys.encode())

    def press_until(self, key: str, text: str) -> None:
        """Press a key that does no harm until it has an effect: one that comes together with others is passed over."""
        end = time.monotonic() + PATIENCE
        while text not in self.text[self._seen :]:
            assert time.monotonic() < end, f"{text!r} was not shown; shown was:\n{self.text[self._seen :]}"
            self.press(key)
            self._read(0.3)
        self.expect(text)

    def press_until_it_ends(self, key: str) -> int:
        """Press a key until it ends by itself; the exit code. One that comes together with others is passed over."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it did not end; shown was:\n{self.text}"
            self.press(key)
            self._read(0.3)
        return self.wait()

    def interrupt(self) -> None:
        """Press Ctrl+C, once what was shown is waited for: Python does not heed a signal that comes just before `input`
        begins to read, until a key is pressed."""
        end, before = time.monotonic() + 1, -1
        while before != (before := self._ticks()) and time.monotonic() < end:
            time.sleep(0.1)
        self.press("\x03")

    def _ticks(self) -> int:
        """How much processor time it has taken (proc(5)); where that cannot be told, none."""
        try:
            return sum(
                map(int, Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[11:13])
            )
        except FileNotFoundError:
            return 0

    def wait(self) -> int:
        """Wait until it ends by itself; the exit code."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it did not end; shown was:\n{self.text}"
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.returncode

    def close(self) -> None:
        """End it, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    def _read(self, timeout: float) -> bool:
        if not select.select([self._master], [], [], min(timeout, 0.5))[0]:
            return timeout > 0 and self.process.poll() is None
        self.raw += os.read(self._master, 65536).decode(errors="replace")
        return True


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)

"""Recording what programs do to files: strace(1), with every byte, of all their threads and children."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_TRACED = (
    "?open,openat,?openat2,?creat,lseek,write,pwrite64,writev,pwritev,pwritev2,sendfile,copy_file_range,ftruncate,"
    "truncate,fallocate,?rename,?renameat,renameat2,?link,linkat,?symlink,symlinkat,?unlink,unlinkat,?mkdir,mkdirat,"
    "?rmdir,fsync,fdatasync,sync,syncfs,msync,mmap,dup,?dup2,dup3,?fork,?vfork,clone,?clone3"
)
_LONGEST = 1 << 26
_CALL = re.compile(r"(\d+) +(\w+)\((.*)\) += (\d+|0x[0-9a-f]+)(<[^>]*>)?.*", re.DOTALL)
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>\n", re.DOTALL)
_RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)", re.DOTALL)
_ARGUMENT = re.compile(r'(?:"[^"]*"|<[^>]*>|\{[^}]*\}|\[[^\]]*\]|[^,"<{\[])+')
_NOT_PATHS = ("write", "pwrite64", "writev", "pwritev", "pwritev2")


class Call(NamedTuple):
    """A call of the system that succeeded, when it came to its end; a sync also when it began.

    Attributes:
        arguments: as strace shows them; texts and paths in hexadecimal.
        result: what it returned.
        paths: every path that occurs in it, absolute, in order; that of what it opened last.
    """

    thread: int
    name: str
    arguments: list[str]
    result: int
    paths: list[str]
    begins: bool = False


def why_not() -> str | None:
    """Why nothing can be recorded here, or None."""
    if not sys.platform.startswith("linux"):
        return "strace is of Linux"
    if shutil.which("strace") is None:
        return "strace is not installed: apt-get install strace"
    done = subprocess.run(["strace", "--seccomp-bpf", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True)
    return f"strace may trace nothing here: {done.stderr.strip()[:200]}" if done.returncode else None


def record(command: Sequence[str], output: Path, cwd: Path) -> list[Call]:
    """Run a program, which must succeed, and give what it and all its children did."""
    options = ["-f", "--seccomp-bpf", "-y", "-xx", f"-s{_LONGEST}", "-o", str(output), "-e", f"trace={_TRACED}"]
    done = subprocess.run(["strace", *options, "--", *command], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    with output.open() as file:
        return list(_calls(file))


def path_of(argument: str) -> str:
    """The path in an argument: its own, or that of its descriptor."""
    return pieces_of(argument).decode(errors="surrogateescape")


def pieces_of(argument: str) -> bytes:
    """The bytes in an argument."""
    return bytes.fromhex("".join(re.findall(r'["<]((?:\\x[0-9a-f]{2})*)[">]', argument)).replace("\\x", ""))


def _calls(lines: Iterable[str]) -> Iterator[Call]:
    begun: dict[str, str] = {}
    for line in lines:
        if found := _BEGUN.match(line):
            begun[found[1]] = f"{found[1]} {found[2]}({found[3]}"
            if found[2] in ("fsync", "fdatasync"):
                yield Call(int(found[1]), found[2], [found[3]], 0, [path_of(found[3])], begins=True)
            continue
        if found := _RESUMED.match(line):
            line = begun.pop(found[1]) + found[2]
        if found := _CALL.match(line):
            yield _call(*found.groups())


def _call(thread: str, name: str, arguments: str, result: str, opened: str | None) -> Call:
    assert '"...' not in arguments, "a call was recorded only in part"
    split = [argument.strip() for argument in _ARGUMENT.findall(arguments)]
    return Call(int(thread), name, split, int(result, 0), list(_paths(name, split, opened)))


def _paths(name: str, arguments: Sequence[str], opened: str | None) -> Iterator[str]:
    folder = ""
    for argument in arguments[:1] if name in _NOT_PATHS else arguments:
        if argument.startswith('"'):
            yield f"{folder}/{path_of(argument)}" if not path_of(argument).startswith("/") else path_of(argument)
        elif "<" in argument:
            folder = path_of(argument)
            if not argument.startswith("AT_FDCWD"):
                yield folder
    if opened is not None:
        yield path_of(opened)

"""Recorded calls, done once more on the model of a disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .disk import Disk, File, Folder, Resize, Write
from .strace import Call, path_of, pieces_of

_BIRTHS = ("clone", "clone3", "fork", "vfork")


@dataclass
class _Handle:
    file: File
    position: int = 0
    appends: bool = False


_Table = dict[int, _Handle]


class Replay:
    """Does recorded calls on a disk, one by one.

    Args:
        disk: as it was before the first.
        calls: all of them.
    """

    def __init__(self, disk: Disk, calls: Sequence[Call]) -> None:
        self.disk = disk
        self._births = {call.result: call for call in calls if call.name in _BIRTHS}
        self._tables: dict[int, _Table] = {}
        self._acts: dict[str, Callable[[Call], object]] = {
            "open": self._open, "openat": self._open, "creat": self._open,
            "dup": self._duplicate, "dup2": self._duplicate, "dup3": self._duplicate,
            "lseek": self._seek, "write": self._write, "pwrite64": self._write_at, "sendfile": self._send,
            "ftruncate": self._resize, "fallocate": self._allocate, "fsync": self._sync, "fdatasync": self._sync,
            "rename": self._rename, "renameat": self._rename, "renameat2": self._rename,
            "unlink": self._remove, "unlinkat": self._remove, "rmdir": self._remove,
            "mkdir": self._make_folder, "mkdirat": self._make_folder, "mmap": self._map,
        }  # fmt: skip

    def do(self, call: Call) -> bool:
        """Do a call; whether it changed or synced something on the disk."""
        if not any(map(self._is_inside, call.paths)):
            return False
        act = self._acts.get(call.name)
        assert act is not None, f"a disk that knows {call.name} is wanted"
        act(call)
        return call.name not in ("lseek", "mmap", "dup", "dup2", "dup3")

    def _is_inside(self, path: str) -> bool:
        return path == self.disk.root or path.startswith(self.disk.root + "/")

    def _table(self, thread: int) -> _Table:
        """The open files of a thread: its process's, or at first a copy of its parent's."""
        if thread not in self._tables:
            birth = self._births.get(thread)
            inherited = self._table(birth.thread) if birth else {}
            shares = birth is not None and "CLONE_FILES" in "".join(birth.arguments)
            self._tables[thread] = inherited if shares else dict(inherited)
        return self._tables[thread]

    def _handle(self, call: Call, argument: int = 0) -> _Handle:
        return self._table(call.thread)[int(call.arguments[argument].partition("<")[0])]

    def _open(self, call: Call) -> None:
        flags = " ".join(call.arguments)
        assert not re.search(r"\bO_D?SYNC\b", flags), "a disk that knows files that are written through is wanted"
        path = call.paths[-1]
        self._table(call.thread).pop(call.result, None)
        if isinstance(self.disk.names.get(path), Folder) or "O_PATH" in flags:
            return
        if path not in self.disk.names:
            self.disk.name({path: File()})
        file = self.disk.names[path]
        assert isinstance(file, File)
        if ("O_TRUNC" in flags or call.name == "creat") and file.content:
            file.unsafe.append(Resize(0))
        self._table(call.thread)[call.result] = _Handle(file, 0, "O_APPEND" in flags)

    def _duplicate(self, call: Call) -> None:
        self._table(call.thread)[call.result] = self._handle(call)

    def _seek(self, call: Call) -> None:
        table, number = self._table(call.thread), int(call.arguments[0].partition("<")[0])
        if number in table:
            table[number].position = call.result

    def _write(self, call: Call) -> None:
        handle, data = self._handle(call), pieces_of(call.arguments[1])[: call.result]
        start = len(handle.file.content) if handle.appends else handle.position
        handle.file.unsafe.append(Write(start, data))
        handle.position = start + len(data)

    def _write_at(self, call: Call) -> None:
        data = pieces_of(call.arguments[1])[: call.result]
        self._handle(call).file.unsafe.append(Write(int(call.arguments[3]), data))

    def _send(self, call: Call) -> None:
        target, source = self._handle(call), self._handle(call, 1)
        start = int(re.findall(r"\d+", call.arguments[2])[0])
        data = source.file.content[start : start + call.result]
        if data:
            target.file.unsafe.append(Write(target.position, data))
            target.position += len(data)

    def _resize(self, call: Call) -> None:
        self._handle(call).file.unsafe.append(Resize(int(call.arguments[1])))

    def _allocate(self, call: Call) -> None:
        file, (offset, length) = self._handle(call).file, map(int, call.arguments[2:4])
        assert call.arguments[1] == "0", "a disk that knows this kind of fallocate is wanted"
        file.unsafe.append(Resize(max(len(file.content), offset + length)))

    def _sync(self, call: Call) -> None:
        path = call.paths[0]
        if not isinstance(self.disk.names.get(path), Folder):
            file = self._handle(call).file
            (file.begin_sync if call.begins else file.end_sync)(call.thread)
        elif call.begins:
            self.disk.begin_sync(call.thread)
        else:
            self.disk.end_sync(call.thread, path)

    def _rename(self, call: Call) -> None:
        source, target = call.paths[-2:]
        node = self.disk.names[source]
        assert isinstance(node, File), "a disk that knows folders that are renamed is wanted"
        swapped = self.disk.names[target] if call.arguments[-1] == "RENAME_EXCHANGE" else None
        self.disk.name({source: swapped, target: node})

    def _remove(self, call: Call) -> None:
        self.disk.name({call.paths[-1]: None})

    def _make_folder(self, call: Call) -> None:
        self.disk.name({call.paths[-1]: Folder()})

    def _map(self, call: Call) -> None:
        shared = "MAP_SHARED" in call.arguments[3] and "PROT_WRITE" in call.arguments[2]
        assert not shared or path_of(call.arguments[4]).endswith("-shm"), "a disk that knows mapped files is wanted"

"""A database on a network file system loses commits, because locks there are not real. It is refused."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from ..errors import StoreUnavailable

_NETWORK = {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "afs", "9p", "ncpfs"}
_NETWORK |= {"fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.glusterfs", "glusterfs", "ceph", "lustre"}


def refuse(path: Path) -> None:
    """Refuse ``path`` if its folder is on a network file system.

    Raises:
        StoreUnavailable: it is.
    """
    kind = file_system(path.parent)
    if kind in _NETWORK:
        raise StoreUnavailable(
            f"{path} is on a network file system ({kind}), where locks are not reliable: "
            "keep the file on a local disk, or use PostgreSQL"
        )


def file_system(folder: Path) -> str | None:
    """The type of the file system that ``folder`` is on (``ext4``, ``nfs4`` …), or None where it cannot be told."""
    if sys.platform == "win32":
        import ctypes

        remote = ctypes.windll.kernel32.GetDriveTypeW(os.path.splitdrive(folder.resolve())[0] + "\\") == 4
        return "smb" if remote else None
    if sys.platform == "darwin":
        import subprocess  # costs more than all of signoff to import

        lines = subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=False).stdout.splitlines()
        mounts = mac_mounts(lines)
    else:
        mounts = linux_mounts(_lines(Path("/proc/self/mounts")))
    return kind_at(mounts, os.path.realpath(folder))


def mac_mounts(lines: list[str]) -> list[tuple[str, str]]:
    """Mount points and their kinds, of what ``mount`` prints: ``//host/share on /Volumes/share (smbfs, nodev)``."""
    parts = [line.partition(" on ")[2].rpartition(" (") for line in lines]
    return [(point, options.rstrip(")").split(",")[0]) for point, _, options in parts if point]


def linux_mounts(lines: list[str]) -> list[tuple[str, str]]:
    """Mount points and their kinds, of ``/proc/self/mounts``; a space is written ``\\040`` there (fstab(5))."""
    fields = [line.split(" ") for line in lines]
    return [(_unescaped(entry[1]), entry[2]) for entry in fields if len(entry) > 2]


def kind_at(mounts: list[tuple[str, str]], folder: str) -> str | None:
    """The kind of the innermost mount that ``folder`` is in; of several at one point the last hides the others."""
    inside = [(point, kind) for point, kind in mounts if folder == point or folder.startswith(point.rstrip("/") + "/")]
    return max(reversed(inside), key=lambda mount: len(mount[0]))[1] if inside else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)

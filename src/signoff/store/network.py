"""A database on a network file system loses commits, because locks there are not real. It is refused."""

from __future__ import annotations

import os
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
        mounts = [(rest.split(" (")[0], rest.split(" (")[1].split(",")[0]) for _, rest in _parts(lines)]
    else:
        mounts = _linux_mounts()
    return _longest(mounts, os.path.realpath(folder))


def _parts(lines: list[str]) -> list[tuple[str, str]]:
    return [(line.split(" on ", 1)[0], line.split(" on ", 1)[1]) for line in lines if " on " in line and " (" in line]


def _linux_mounts() -> list[tuple[str, str]]:
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    fields = [line.split(" ") for line in lines]
    return [(entry[1].replace("\\040", " "), entry[2]) for entry in fields if len(entry) > 2]


def _longest(mounts: list[tuple[str, str]], folder: str) -> str | None:
    inside = [(point, kind) for point, kind in mounts if folder == point or folder.startswith(point.rstrip("/") + "/")]
    return max(inside, key=lambda mount: len(mount[0]))[1] if inside else None

"""Network file systems are told from local ones, by made-up tables of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.errors import StoreUnavailable
from signoff.store import network, open_store

LINUX = r"""
sysfs /sys sysfs rw 0 0
/dev/vda / ext4 rw,relatime 0 0
/dev/vdb /home ext4 rw 0 0
server:/export /home/ana/nas nfs4 rw,vers=4.2 0 0
//server/share /mnt/My\040Share cifs rw 0 0
systemd-1 /mnt/auto autofs rw 0 0
server:/auto /mnt/auto nfs rw 0 0
server:/old /mnt/hidden nfs rw 0 0
/dev/vdc /mnt/hidden ext4 rw 0 0
me@host: /home/ana/remote fuse.sshfs rw 0 0
/dev/vdd /home/ana/nas/local ext4 rw 0 0
odd line
""".strip().splitlines()

MAC = """
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled)
//ana@server/share on /Volumes/share (smbfs, nodev, nosuid)
//ana@server/two on /Volumes/My (old) share (smbfs, nodev, nosuid)
map auto_home on /System/Volumes/Data/home (autofs, automounted)
""".strip().splitlines()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/root", "ext4"),
        ("/home", "ext4"),
        ("/home/ana", "ext4"),
        ("/home/ana/nas", "nfs4"),
        ("/home/ana/nas/deep/folder", "nfs4"),
        ("/home/ana/nascent", "ext4"),
        ("/home/ana/nas/local", "ext4"),
        ("/mnt/My Share/x", "cifs"),
        ("/mnt/auto/x", "nfs"),
        ("/mnt/hidden/x", "ext4"),
        ("/home/ana/remote", "fuse.sshfs"),
    ],
)
def test_linux_the_innermost_and_last_mount_counts(folder: str, kind: str) -> None:
    assert network.kind_at(network.linux_mounts(LINUX), folder) == kind


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/Users/ana", "apfs"), ("/Volumes/share/x", "smbfs"), ("/Volumes/My (old) share", "smbfs")],
)
def test_mac_too(folder: str, kind: str) -> None:
    assert network.kind_at(network.mac_mounts(MAC), folder) == kind


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert network.kind_at([], "/home") is None
    assert network.kind_at(network.linux_mounts([]), "/") is None


def test_this_folder_is_on_some_file_system(tmp_path: Path) -> None:
    kind = network.file_system(tmp_path)
    assert kind is None or kind


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smbfs", "fuse.sshfs", "9p"])
def test_a_network_file_system_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(network, "file_system", lambda _: kind)
    with pytest.raises(StoreUnavailable, match=rf"network file system \({kind}\).*local disk") as told:
        open_store(tmp_path / "state.db")
    assert str(tmp_path / "state.db") in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_local_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "file_system", lambda _: "ext4")
    open_store(tmp_path / "state.db").close()

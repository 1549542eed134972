"""What ``pip install .`` gives: the package with its data, the command, and the four modules of the guide."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*pip, str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("signoff-*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(source).parts)
    }
    assert wanted <= inside
    assert {"state_manager.py", "whatsapp_sender.py", "whatsapp_assistant.py", "whatsapp_watcher.py"} <= inside
    assert any(name.endswith(".sql") for name in inside)


def test_what_the_wheel_installs_works_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    script = f"""
import sys
sys.path.insert(0, {str(site)!r})
import signoff
assert signoff.__file__.startswith({str(site)!r}), signoff.__file__
from state_manager import StateManager, MessageStatus
from whatsapp_sender import WhatsAppSender
from whatsapp_assistant import WhatsAppAssistant
from whatsapp_watcher import WhatsAppWatcher
with StateManager() as manager:
    manager.add_message({{"id": "m1", "from": "1@c.us", "body": "Hi"}}, MessageStatus.INCOMING)
    assert manager.check() == []
"""
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run([sys.executable, "-c", script], cwd=work, check=True)
    assert (work / "whatsapp_state.json").exists()


def test_the_command_is_declared(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (entry_points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert "signoff = signoff.cli:main" in archive.read(entry_points).decode()

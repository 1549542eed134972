"""The picture of the terminal in the README is what the program shows, and loads nothing from anywhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_picture_can_be_drawn_again(tmp_path: Path) -> None:
    target = tmp_path / "demo.svg"
    subprocess.run([sys.executable, str(ROOT / "docs" / "make_picture.py"), str(target)], check=True, timeout=60)
    for picture in (target, ROOT / "docs" / "demo.svg"):
        svg = picture.read_text("utf-8")
        words = re.sub(r"<[^>]*>", "", svg).replace("&#160;", " ")
        for text in ("$ signoff demo", "Lucía Fuentes 🌻", "approved by maria", "delivered and read", "new draft"):
            assert text in words
        assert not re.findall(r"(?:url|src|href)\s*[=(]\s*[\"']?https?:", svg)

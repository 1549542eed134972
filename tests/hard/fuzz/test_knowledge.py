"""Whatever stands in the folder of Markdown files: questions and answers, or an error that names the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from signoff.assistant.knowledge import read_file
from signoff.errors import AssistantError

from .budget import SIZE, fuzz, long, quickly
from .hostile import EVIL_TEXTS, battered

pytestmark = long

SHOP = """# Shop

Welcome to *our* **shop**. <b>html</b> &amp; &#x202e; &#0; ![picture](a.png)

## Opening hours
> also: when are you open? | what time do you close?

Every day from *8 to 18*, ~~not~~ on `Sunday`; see [the page](https://example.org "title") or <mailto:a@example.org>.

1. one
   - inner
2. two

## Prices
## What does it cost?

| what | how much |
|------|---------:|
| tea  | 2 €      |

```sh
echo "x"
```
---
[1]: https://example.org
"""
MARKUP = st.text(st.sampled_from("ab *_~`#>-+1.|[]()<>!\\\n\t&;:/\u202e\r\0"), max_size=200)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], None]:
    path = tmp_path / "shop.md"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        try:
            with quickly(4 * len(data)):
                entries = read_file(path, tmp_path)
        except AssistantError as error:
            if str(path) not in str(error):
                raise
            return
        for entry in entries:
            assert entry.headings
            assert entry.answer.strip()

    return read


def test_a_file_that_was_tampered_with(read: Callable[[bytes], None]) -> None:
    fuzz(battered([SHOP.encode()]), read)


def test_any_markup(read: Callable[[bytes], None]) -> None:
    pieces = st.lists(MARKUP | st.sampled_from([*EVIL_TEXTS, "\n## x\n", "\n> also: "]), max_size=8).map("".join)
    fuzz(pieces.map(lambda text: f"## Hours\n{text}".encode(errors="replace")), read)


OFTEN = [*"*_~`[]()<>!&|#>-+\\ \t\n"]
OFTEN += ("**a ", "*a **b ", "[a](", "![a", "<a ", "_a", "~~a", "&#x", "> ", "- ", "1. ", "  - ", "`a``b", "]: x")
MADE_TO_HURT = {
    **{f"{piece!r} again and again": piece * (SIZE // 10 // len(piece)) for piece in OFTEN},
    "emphasis in emphasis": "**a " * 4_000 + "b" + "**" * 4_000,
    "links in links": "[" * 10_000 + "a" + "](b)" * 10_000,
    "quotes in quotes": "\n".join(">" * depth + " a" for depth in range(250)),
    "lists in lists": "\n".join("  " * depth + "- a" for depth in range(250)),
    "backticks of every length": " ".join("`" * length for length in range(300)),
    "a wide table": "|a" * 3_000 + "\n" + "|-" * 3_000 + "\n" + "|b" * 3_000,
    "a long table": "a|b\n-|-\n" + "x|y\n" * (SIZE // 50),
    "many questions": "## x\n\ny\n\n" * (SIZE // 50),
    "a question of many words": "## " + "word " * (SIZE // 20) + "\n\ny\n",
    "many phrasings": "## x\n> also: " + "a|" * (SIZE // 2) + "\n\ny\n",
    "references": "".join(f"[a{number}]: x\n" for number in range(SIZE // 50)) + "[a1]" * (SIZE // 50),
}  # fmt: skip


@pytest.mark.parametrize("text", MADE_TO_HURT.values(), ids=MADE_TO_HURT)
def test_files_made_to_hurt(read: Callable[[bytes], None], text: str) -> None:
    read(f"## Hours\n\n{text}\n".encode())

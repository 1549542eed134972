"""The report of a replay as a page of its own: one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from pathlib import Path

from .. import __version__
from ..pipeline.replay import Exchange, Export, Report
from ..pipeline.replay.report import Tally
from .replay_text import figures, lasted, percent
from .terminal import shown

_STYLE = Path(__file__).with_name("replay_page.css")
_HEIGHT, _WIDTH, _STEP = 120, 600, 25
_WAITS = (("1 min", 60), ("5 min", 300), ("1 h", 3_600), ("6 h", 21_600), ("1 d", 86_400), ("longer", float("inf")))

Drawn = Iterator[str]


def page(report: Report, exports: Sequence[Export], me: str, assistant: str) -> str:
    """The page. Names and texts are strangers': they are escaped, and stand apart from the direction of the page.

    Args:
        me: whose answers were drafted.
        assistant: what drafted them, as the command line names it.
    """
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>Replay: {_words(me)}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>",
            "<body><main>",
            *_head(report, me, assistant),
            *_hours(report),
            *_waits(report),
            *_contacts(report),
            *_by_month("Drafts beside what was answered then", report.drafts, _draft),
            *_by_month("What would wait for a person", report.open, _waiting),
            *_lines(exports),
            f"<p>signoff {__version__}. Nothing was sent to anyone.</p></main></body></html>\n",
        )
    )


def _words(text: str) -> str:
    """A stranger's text: escaped, control characters spelt out, and no half characters, which no file can hold."""
    return escape(shown(text).encode("utf-8", "replace").decode())


def _own(text: str) -> str:
    return f"<bdi>{_words(text)}</bdi>"


def _head(report: Report, me: str, assistant: str) -> Drawn:
    yield f"<h1>The replay of {_own(me)}</h1><p>Drafted by {_own(assistant)}, beside what was really answered.</p>"
    yield '<dl class="figures">'
    for name, figure in figures(report).items():
        yield f"<div><dt>{escape(name.strip())}</dt><dd>{escape(figure)}</dd></div>"
    yield "</dl>"
    yield "<p>Similarity: the share of words that draft and answer have in common in the same order, 0 to 1"
    yield "(Ratcliff and Obershelp, as Python's difflib has it; case and punctuation aside).</p>"


_KEY = '<span class="key drafted">has a draft</span> <span class="key open">for a person</span>'


def _hours(report: Report) -> Drawn:
    most = max((tally.incoming for tally in report.hours), default=0) or 1
    told = ", ".join(
        f"{hour}:00 {tally.incoming} of which {tally.drafted} drafted"
        for hour, tally in enumerate(report.hours)
        if tally.incoming
    )
    bars = "".join(_column(hour, tally.drafted, tally.waiting, most) for hour, tally in enumerate(report.hours))
    labels = "".join(_label(hour, str(hour)) for hour in range(0, 24, 3))
    yield f"<h2>By hour of the day</h2><figure><figcaption>{_KEY}; the highest column is {most:,} messages</figcaption>"
    yield f"{_chart(told)}{bars}{labels}</svg></figure>"


def _waits(report: Report) -> Drawn:
    counts = [[0, 0] for _ in _WAITS]
    for exchange in report.exchanges:
        if exchange.wait is not None:
            place = next(place for place, (_, limit) in enumerate(_WAITS) if exchange.wait <= limit)
            counts[place][exchange.draft is None] += 1
    most = max((sum(pair) for pair in counts), default=0) or 1
    told = ", ".join(f"{name}: {sum(pair)}" for (name, _), pair in zip(_WAITS, counts, strict=True))
    bars = "".join(_column(place * 4 + 1, low, high, most, 2.6) for place, (low, high) in enumerate(counts))
    labels = "".join(_label(place * 4 + 1, name) for place, (name, _) in enumerate(_WAITS))
    yield f"<h2>How long people waited then</h2><figure><figcaption>{_KEY}; answered within …; the highest column is"
    yield f"{most:,} messages; {report.total.unanswered:,} were never answered</figcaption>"
    yield f"{_chart(told)}{bars}{labels}</svg></figure>"


def _chart(told: str) -> str:
    return f'<svg role="img" aria-label="{escape(told)}" viewBox="0 0 {_WIDTH} {_HEIGHT + 24}">'


def _column(place: int, drafted: int, waiting: int, most: int, width: float = 0.8) -> str:
    """Two parts, one on the other."""
    low, high = (_HEIGHT * count / most for count in (drafted, waiting))
    left, wide = place * _STEP + 2, width * _STEP
    return (
        f'<rect class="drafted" x="{left}" y="{_HEIGHT - low:.1f}" width="{wide:.1f}" height="{low:.1f}"/>'
        f'<rect class="open" x="{left}" y="{_HEIGHT - low - high:.1f}" width="{wide:.1f}" height="{high:.1f}"/>'
    )


def _label(place: int, text: str) -> str:
    return f'<text x="{place * _STEP + 2}" y="{_HEIGHT + 20}">{escape(text)}</text>'


def _contacts(report: Report) -> Drawn:
    most = max((tally.incoming for tally in report.contacts.values()), default=0) or 1
    yield f'<h2>By contact</h2><p>{_KEY}</p><div class="scroll"><table><thead><tr><th scope="col">contact</th>'
    yield '<th scope="col" class="number">came in</th><th scope="col" class="number">drafted</th>'
    yield '<th scope="col">share</th></tr></thead><tbody>'
    for name, tally in report.contacts.items():
        yield f'<tr><th scope="row">{_own(name)}</th><td class="number">{tally.incoming:,}</td>'
        yield f'<td class="number">{tally.drafted:,}</td><td class="bar">{_bar(tally, most)}</td></tr>'
    yield "</tbody></table></div>"


def _bar(tally: Tally, most: int) -> str:
    full, rest = (100 * count / most for count in (tally.drafted, tally.waiting))
    return (
        f'<svg role="img" aria-label="{percent(tally.drafted, tally.incoming)} drafted" viewBox="0 0 100 8">'
        f'<rect class="drafted" width="{full:.2f}" height="8"/>'
        f'<rect class="open" x="{full:.2f}" width="{rest:.2f}" height="8"/></svg>'
    )


def _by_month(title: str, exchanges: Sequence[Exchange], draw: Callable[[Exchange], str]) -> Drawn:
    if not exchanges:
        return
    yield f"<h2>{title}</h2>"
    months = [(month, list(group)) for month, group in groupby(exchanges, lambda exchange: _month(exchange.at))]
    for number, (month, group) in enumerate(months):
        yield f"<details{' open' * (number == 0)}><summary>{month}: {len(group):,}</summary>"
        yield from map(draw, group)
        yield "</details>"


def _month(at: datetime) -> str:
    return f"{at:%B %Y}"


def _draft(exchange: Exchange) -> str:
    score = f"similarity {exchange.score:.2f}" if exchange.score is not None else "nothing to compare with"
    author = f"draft by {exchange.author}" + (f" ({exchange.note})" if exchange.note else "")
    then = f"answered then, after {lasted(exchange.wait)}" if exchange.answer else "answered then"
    draft, answer = exchange.draft or "", exchange.answer or "‹nothing›"
    pair = _quote(author, draft, "draft") + _quote(then, answer)
    return f'<article>{_heading(exchange, score)}{_quote("", exchange.text)}<div class="pair">{pair}</div></article>'


def _waiting(exchange: Exchange) -> str:
    waited = f"answered then after {lasted(exchange.wait)}" if exchange.answer else "never answered then"
    answer = _quote("answered then", exchange.answer) if exchange.answer else ""
    pair = f'<div class="pair">{_quote("", exchange.text)}{answer}</div>'
    return f"<article>{_heading(exchange, f'{exchange.outcome}, {waited}')}{pair}</article>"


def _heading(exchange: Exchange, told: str) -> str:
    at = exchange.at.isoformat(" ", "minutes")
    return f'<header><b>{_own(exchange.contact)}</b><time datetime="{at}">{at}</time><span>{told}</span></header>'


def _quote(label: str, text: str, kind: str = "") -> str:
    small = f"<small>{_words(label)}</small>" if label else ""
    return f'<blockquote class="{kind}">{small}<p dir="auto">{_words(text)}</p></blockquote>'


def _lines(exports: Sequence[Export]) -> Drawn:
    yield '<h2>Every line</h2><div class="scroll"><table><thead><tr><th scope="col">file</th>'
    names = ("lines", "messages", "continued", "of the app", "unreadable")
    yield "".join(f'<th scope="col" class="number">{name}</th>' for name in names) + "</tr></thead><tbody>"
    for export in exports:
        chat = export.chat
        counts = (chat.lines, len(chat.messages), chat.continued, len(chat.system), len(chat.unreadable))
        cells = "".join(f'<td class="number">{count:,}</td>' for count in counts)
        yield f'<tr><th scope="row">{_own(str(export.path))}</th>{cells}</tr>'
    yield "</tbody></table></div>"
    for export in exports:
        if export.chat.unreadable:
            yield f"<details><summary>Unreadable lines of {_own(str(export.path))}</summary><ul>"
            yield from (f"<li>line {line.line}: {_own(line.text)}</li>" for line in export.chat.unreadable)
            yield "</ul></details>"

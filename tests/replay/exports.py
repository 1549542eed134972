"""Exported chats as phones write them: the forms of dates that occur, to render a chat of one's own in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

LRM, RLM, NNBSP = "\u200e", "\u200f", "\u202f"
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@dataclass(frozen=True)
class Line:
    """What a person wrote at a moment."""

    at: datetime
    sender: str
    text: str


@dataclass(frozen=True)
class Form:
    """How phones of one region write a chat.

    Attributes:
        stamp: writes the date with all that stands before the sender's name.
        seconds: whether the time has them.
        colon: what stands between name and text.
        newline: how lines end.
    """

    name: str
    stamp: Callable[[datetime], str]
    seconds: bool = False
    colon: str = ": "
    newline: str = "\n"

    def render(self, lines: Sequence[Line]) -> str:
        """The chat as a file of this form."""
        return "".join(
            (self.stamp(line.at) + line.sender + self.colon + line.text).replace("\n", self.newline) + self.newline
            for line in lines
        )


def _hour(at: datetime) -> int:
    return (at.hour - 1) % 12 + 1


def _half(at: datetime, morning: str, evening: str) -> str:
    return evening if at.hour >= 12 else morning


def _short(at: datetime) -> str:
    return f"{at.day}/{at.month}/{at:%y}"


def _american(at: datetime) -> str:
    return f"{at.month}/{at.day}/{at:%y}"


def _arabic(at: datetime) -> str:
    half = _half(at, "ص", "م")
    text = f"[{at.day}{RLM}/{at.month}{RLM}/{at.year}، {_hour(at)}:{at:%M:%S} {half}] {RLM}"
    return text.translate(ARABIC_DIGITS)


def _indian(at: datetime) -> str:
    return f"{at:%d/%m/%y}, {_hour(at)}:{at:%M}{NNBSP}{_half(at, 'am', 'pm')} - "


@dataclass(frozen=True)
class Sample:
    """How a phone of some region writes 31 December 2023, 15:04:05, and 2 January 2024, 0:05:06."""

    name: str
    year_end: str
    new_year: str


SAMPLES = [
    Sample(*fields)
    for fields in (
        ("bulgaria android", "31.12.23 г., 15:04 ч. - ", "2.01.24 г., 0:05 ч. - "),
        ("croatia", "31. 12. 2023. 15:04 - ", "2. 1. 2024. 00:05 - "),
        ("croatia2", "31.12.2023. 15:04 - ", "02.01.2024. 00:05 - "),
        ("korea ios", "[2023. 12. 31. 오후 3:04:05] ", "[2024. 1. 2. 오전 12:05:06] "),
        ("korea android2", "2023. 12. 31. 오후 3:04 - ", "2024. 1. 2. 오전 12:05 - "),
        ("taiwan android", "2023/12/31 下午3:04 - ", "2024/1/2 上午12:05 - "),
        ("taiwan midnight", "2023/12/31 下午3:04 - ", "2024/1/2 凌晨12:05 - "),
        ("japan", "2023/12/31 15:04 - ", "2024/01/02 0:05 - "),
        ("japan kanji", "[2023年12月31日 15:04:05] ", "[2024年1月2日 0:05:06] "),
        ("japan gozen", "2023/12/31 午後3:04 - ", "2024/1/2 午前0:05 - "),
        ("china kanji", "2023年12月31日 下午3:04 - ", "2024年1月2日 上午12:05 - "),
        ("persian ios", "[۱۴۰۲/۱۰/۱۰،\u200f ۱۵:۰۴:۰۵] ", "[۱۴۰۲/۱۰/۱۲،\u200f ۰:۰۵:۰۶] "),
        ("persian android", "۱۴۰۲/۱۰/۱۰،\u200f ۱۵:۰۴ - ", "۱۴۰۲/۱۰/۱۲،\u200f ۰:۰۵ - "),
        ("persian halves", "[۱۴۰۲/۱۰/۱۰، ۳:۰۴:۰۵ بعدازظهر] ", "[۱۴۰۲/۱۰/۱۲، ۱۲:۰۵:۰۶ قبل\u200cازظهر] "),
        ("persian halves short", "۱۴۰۲/۱۰/۱۰، ۳:۰۴ ب.ظ. - ", "۱۴۰۲/۱۰/۱۲، ۱۲:۰۵ ق.ظ. - "),
        ("saudi ios", "[١٨\u200f/٦\u200f/١٤٤٥ هـ، ٣:٠٤:٠٥ م] ", "[٢٠\u200f/٦\u200f/١٤٤٥ هـ، ١٢:٠٥:٠٦ ص] "),
        ("saudi android", "١٨\u200f/٦\u200f/١٤٤٥ هـ، ٣:٠٤ م - ", "٢٠\u200f/٦\u200f/١٤٤٥ هـ، ١٢:٠٥ ص - "),
        ("egypt android", "٣١\u200f/١٢\u200f/٢٠٢٣، ٣:٠٤ م - ", "٢\u200f/١\u200f/٢٠٢٤، ١٢:٠٥ ص - "),
        ("arabic latn", "31/12/2023، 3:04 م - ", "2/1/2024، 12:05 ص - "),
        ("arabic full", "31/12/2023, 3:04 مساءً - ", "2/1/2024, 12:05 صباحًا - "),
        ("hindi deva", "३१/१२/२३, ३:०४ अपराह्न - ", "२/१/२४, १२:०५ पूर्वाह्न - "),
        ("hindi ios", "[31/12/23, 3:04:05 PM] ", "[02/01/24, 12:05:06 AM] "),
        ("marathi", "३१/१२/२३, ३:०४ म.उ. - ", "२/१/२४, १२:०५ म.पू. - "),
        ("nepali", "२०२३/१२/३१, १५:०४ - ", "२०२४/१/२, ००:०५ - "),
        ("bengali", "৩১/১২/২৩, ৩:০৪ PM - ", "২/১/২৪, ১২:০৫ AM - "),
        ("bengali2", "৩১/১২/২৩, ৩:০৪ অপরাহ্ণ - ", "২/১/২৪, ১২:০৫ পূর্বাহ্ণ - "),
        ("tamil", "31/12/23, பிற்பகல் 3:04 - ", "2/1/24, முற்பகல் 12:05 - "),
        ("tamil2", "31/12/23, 3:04 பிற்பகல் - ", "2/1/24, 12:05 முற்பகல் - "),
        ("urdu", "31/12/23، 3:04 PM - ", "2/1/24، 12:05 AM - "),
        ("telugu", "31-12-23 3:04 PM - ", "02-01-24 12:05 AM - "),
        ("gujarati", "31/12/23, 03:04 PM - ", "2/1/24, 12:05 AM - "),
        ("gujarati2", "31/12/23 03:04 PM વાગ્યે - ", "2/1/24 12:05 AM વાગ્યે - "),
        ("punjabi", "31/12/23, 3:04 ਬਾ.ਦੁ. - ", "2/1/24, 12:05 ਪੂ.ਦੁ. - "),
        ("kannada", "31/12/23, 03:04 ಅಪರಾಹ್ನ - ", "2/1/24, 12:05 ಪೂರ್ವಾಹ್ನ - "),
        ("burmese", "၃၁-၁၂-၂၃ ၁၅:၀၄ - ", "၂-၁-၂၄ ၀:၀၅ - "),
        ("thai buddh android", "31/12/2566 15:04 - ", "2/1/2567 00:05 - "),
        ("thai buddh short", "31/12/66 15:04 - ", "2/1/67 00:05 - "),
        ("thai digits", "[๓๑/๑๒/๒๕๖๖ ๑๕:๐๔:๐๕] ", "[๒/๑/๒๕๖๗ ๐๐:๐๕:๐๖] "),
        ("thai be", "31/12/2566 BE 15:04 - ", "2/1/2567 BE 00:05 - "),
        ("us buddhist ios", "[12/31/2566 BE, 3:04:05 PM] ", "[1/2/2567 BE, 12:05:06 AM] "),
        ("japan era", "[R5/12/31 15:04:05] ", "[R6/01/02 0:05:06] "),
        ("japan era kanji", "[令和5/12/31 15:04:05] ", "[令和6/01/02 0:05:06] "),
        ("japan era nen", "[令和5年12月31日 15:04:05] ", "[令和6年1月2日 0:05:06] "),
        ("roc", "[民國112/12/31 下午3:04:05] ", "[民國113/1/2 上午12:05:06] "),
        ("era english", "[12/31/5 R, 3:04:05 PM] ", "[1/2/6 R, 12:05:06 AM] "),
        ("vietnam android", "15:04, 31/12/2023 - ", "00:05, 02/01/2024 - "),
        ("vietnam sa ch", "3:04 CH, 31/12/2023 - ", "12:05 SA, 02/01/2024 - "),
        ("vietnam lunch", "[15:04:05 31/12/2023] ", "[00:05:06 2/1/2024] "),
        ("swiss", "31.12.23, 15:04 - ", "02.01.24, 00:05 - "),
        ("german um", "31.12.23 um 15:04 - ", "02.01.24 um 00:05 - "),
        ("german uhr", "31.12.23, 15:04 Uhr - ", "02.01.24, 00:05 Uhr - "),
        ("denmark", "31/12/2023 15.04 - ", "02/01/2024 00.05 - "),
        ("denmark kl", "31.12.2023 kl. 15.04 - ", "02.01.2024 kl. 00.05 - "),
        ("sweden", "2023-12-31 15:04 - ", "2024-01-02 00:05 - "),
        ("sweden ios", "[2023-12-31, 15:04:05] ", "[2024-01-02, 00:05:06] "),
        ("norway", "31.12.2023, 15:04 - ", "02.01.2024, 00:05 - "),
        ("finland ios", "[31.12.2023 klo 15.04.05] ", "[2.1.2024 klo 0.05.06] "),
        ("italy ios", "[31/12/23, 15:04:05] ", "[02/01/24, 00:05:06] "),
        ("brazil android", "31/12/2023 15:04 - ", "02/01/2024 00:05 - "),
        ("portugal às", "31/12/2023, às 15:04 - ", "02/01/2024, às 00:05 - "),
        ("spanish pm", "31/12/23 3:04 p.\u00a0m. - ", "2/1/24 12:05 a.\u00a0m. - "),
        ("mexico ios", "[31/12/23, 3:04:05\u202fp.m.] ", "[02/01/24, 12:05:06\u202fa.m.] "),
        ("colombia", "31/12/23, 3:04 p. m. - ", "2/1/24, 12:05 a. m. - "),
        ("fr canada", "2023-12-31 15 h 04 - ", "2024-01-02 00 h 05 - "),
        ("fr canada2", "[2023-12-31 15 h 04 min 05 s] ", "[2024-01-02 00 h 05 min 06 s] "),
        ("slovenia", "31. 12. 23, 15:04 - ", "2. 1. 24, 00:05 - "),
        ("slovak", "31. 12. 2023, 15:04 - ", "2. 1. 2024, 0:05 - "),
        ("czech ios", "[31.12.2023 15:04:05] ", "[02.01.2024 0:05:06] "),
        ("hungarian", "2023. 12. 31. 15:04 - ", "2024. 01. 02. 0:05 - "),
        ("hungarian ios", "[2023. 12. 31. 15:04:05] ", "[2024. 01. 02. 0:05:06] "),
        ("latvian", "31.12.23 15:04 - ", "02.01.24 00:05 - "),
        ("lithuanian", "2023-12-31 15:04 - ", "2024-01-02 00:05 - "),
        ("polish", "31.12.2023, 15:04 - ", "2.01.2024, 00:05 - "),
        ("turkish ios", "[31.12.2023 15:04:05] ", "[2.01.2024 00:05:06] "),
        ("greek", "31/12/23, 3:04 μ.μ. - ", "2/1/24, 12:05 π.μ. - "),
        ("albania", "31.12.23, 3:04 e pasdites - ", "2.1.24, 12:05 e paradites - "),
        ("albania2", "31.12.23, 3:04 MD - ", "2.1.24, 12:05 PD - "),
        ("swahili", "31/12/2023, 15:04 - ", "02/01/2024, 00:05 - "),
        ("somali", "31/12/23, 3:04 gn. - ", "2/1/24, 12:05 sn. - "),
        ("amharic", "31/12/2023, 3:04 ከሰዓት - ", "2/1/2024, 12:05 ጥዋት - "),
        ("hebrew", "31.12.2023, 15:04 - ", "2.1.2024, 0:05 - "),
        ("hebrew ios", "[31.12.2023, 15:04:05] ", "[2.1.2024, 0:05:06] "),
        ("malay", "31/12/23, 3:04 PTG - ", "2/1/24, 12:05 PG - "),
        ("indonesia ios", "[31/12/23 15.04.05] ", "[02/01/24 00.05.06] "),
        ("filipino", "12/31/23, 3:04 PM - ", "1/2/24, 12:05 AM - "),
        ("safrica", "2023/12/31, 15:04 - ", "2024/01/02, 00:05 - "),
        ("afrikaans", "2023-12-31 3:04 nm. - ", "2024-01-02 12:05 vm. - "),
        ("russian", "31.12.2023, 15:04 - ", "02.01.2024, 00:05 - "),
        ("kazakh", "31.12.23, 15:04 - ", "02.01.24, 00:05 - "),
        ("georgian", "31.12.23, 15:04 - ", "02.01.24, 00:05 - "),
        ("armenian", "31.12.23, 15:04 - ", "02.01.24, 00:05 - "),
        ("serbian", "31.12.23. 15:04 - ", "2.1.24. 00:05 - "),
        ("bosnian", "31. 12. 2023. u 15:04 - ", "2. 1. 2024. u 00:05 - "),
        ("estonian", "31.12.23 15:04 - ", "02.01.24 00:05 - "),
        ("sinhala", "2023-12-31 15.04 - ", "2024-01-02 00.05 - "),
        ("nz", "31/12/23, 3:04 pm - ", "2/01/24, 12:05 am - "),
        ("aus 24", "31/12/2023, 15:04 - ", "2/01/2024, 00:05 - "),
        ("mongolia", "2023.12.31 15:04 - ", "2024.01.02 00:05 - "),
        ("us ios lrm", "\u200e[12/31/23, 3:04:05\u202fPM] ", "\u200e[1/2/24, 12:05:06\u202fAM] "),
        ("spacing2", "31/12/2023  15:04 - ", "02/01/2024  00:05 - "),
        ("noon words zh", "2023/12/31 下午3:04 - ", "2024/1/2 半夜12:05 - "),
        ("nko digits", "߃߁/߁߂/߂߃, ߁߅:߀߄ - ", "߂/߁/߂߄, ߀߀:߀߅ - "),
    )
]

IPHONE = [
    Form("iphone europe", lambda at: f"[{at:%d/%m/%y, %H:%M:%S}] ", True),
    Form("iphone germany", lambda at: f"[{at:%d.%m.%y, %H:%M:%S}] ", True, newline="\r\n"),
    Form("iphone france", lambda at: f"[{at:%d/%m/%Y %H:%M:%S}] ", True),
    Form(
        "iphone usa",
        lambda at: f"{LRM}[{_american(at)}, {_hour(at)}:{at:%M:%S}{NNBSP}{_half(at, 'AM', 'PM')}] ",
        True,
        newline="\r\n",
    ),
    Form("iphone iso", lambda at: f"[{at:%Y-%m-%d, %H:%M:%S}] ", True),
    Form("iphone china", lambda at: f"[{at:%Y/%m/%d} {_half(at, '上午', '下午')}{_hour(at)}:{at:%M:%S}] ", True),
    Form("iphone vietnam", lambda at: f"[{at:%H:%M:%S, %d/%m/%Y}] ", True),
    Form("iphone arabic", _arabic, True),
    Form("iphone thailand", lambda at: f"[{at.day}/{at.month}/{at.year + 543} {at:%H:%M:%S}] ", True),
    Form("iphone japan, imperial years", lambda at: f"[R{at.year - 2018}/{at:%m/%d %H:%M:%S}] ", True),
    Form("iphone, years ago", lambda at: f"{at:%d/%m/%y, %H:%M:%S}: ", True),
]
ANDROID = [
    Form("android europe", lambda at: f"{at:%d/%m/%Y, %H:%M} - "),
    Form("android germany", lambda at: f"{at:%d.%m.%y, %H:%M} - "),
    Form("android usa", lambda at: f"{_american(at)}, {_hour(at)}:{at:%M}{NNBSP}{_half(at, 'AM', 'PM')} - "),
    Form("android india", _indian),
    Form("android spain", lambda at: f"{_short(at)}, {at:%H:%M} - "),
    Form("android mexico", lambda at: f"{_short(at)}, {_hour(at)}:{at:%M} {_half(at, 'a. m.', 'p. m.')} - "),
    Form("android france", lambda at: f"{at:%d/%m/%Y} à {at:%H:%M} - "),
    Form("android netherlands", lambda at: f"{at:%d-%m-%Y %H:%M} - "),
    Form("android finland", lambda at: f"{at.day}.{at.month}.{at.year} klo {at:%H.%M} - "),
    Form("android canada", lambda at: f"{at:%Y-%m-%d}, {_hour(at)}:{at:%M} {_half(at, 'a.m.', 'p.m.')} - "),
    Form("android hungary", lambda at: f"{at:%Y. %m. %d. %H:%M} - "),
    Form("android indonesia", lambda at: f"{at:%d/%m/%y %H.%M} - "),
    Form("android turkey", lambda at: f"{at:%d.%m.%Y} {_half(at, 'ÖÖ', 'ÖS')}{_hour(at)}:{at:%M} - "),
    Form(
        "android korea",
        lambda at: f"{at.year}년 {at.month}월 {at.day}일 {_half(at, '오전', '오후')} {_hour(at)}:{at:%M}, ",
        colon=" : ",
    ),
]
FORMS = IPHONE + ANDROID

"""Short polite answers to messages that are little more than one word: a greeting, a thank-you, "help", "price?".

They promise nothing and give no facts: where something is asked for, the answer asks back. A message that says anything
beyond the keyword ("Hello, where is my refund?") is not for them. English, Spanish, Portuguese, Urdu (in Arabic and in
Latin letters), Arabic and Hindi.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from . import Draft, Message

_ANSWERS: Sequence[tuple[str, str, str]] = (
    # topic, keywords, answer; where a message holds several, the topic that stands further down decides
    ("greeting", "hello | hi | hey | hiya | good morning | good afternoon | good evening | greetings",
     "Hello! How can we help you?"),
    ("greeting", "hola | buenos días | buen día | buenas tardes | buenas noches | buenas | qué tal",
     "¡Hola! ¿En qué podemos ayudarle?"),
    ("greeting", "olá | oi | bom dia | boa tarde | boa noite", "Olá! Em que podemos ajudar?"),
    ("greeting", "salam | salaam | slm | aoa | adaab | assalam o alaikum | assalam u alaikum | assalamu alaikum",
     "Wa alaikum assalam! Hum aap ki kya madad kar sakte hain?"),
    ("greeting", "assalam alaikum | assalamualaikum | assalamoalaikum | asalam o alaikum | salam alaikum",
     "Wa alaikum assalam! Hum aap ki kya madad kar sakte hain?"),
    ("greeting", "سلام | اسلام علیکم | السلام علیکم | آداب", "وعلیکم السلام! ہم آپ کی کیا مدد کر سکتے ہیں؟"),
    ("greeting", "السلام عليكم | السلام عليكم ورحمة الله | السلام عليكم ورحمة الله وبركاته | سلام عليكم",
     "وعليكم السلام! كيف يمكننا مساعدتك؟"),
    ("greeting", "مرحبا | أهلا | أهلا وسهلا | صباح الخير | مساء الخير", "مرحبًا! كيف يمكننا مساعدتك؟"),
    ("greeting", "namaste | namaskar", "Namaste! Hum aap ki kya madad kar sakte hain?"),
    ("greeting", "नमस्ते | नमस्कार", "नमस्ते! हम आपकी क्या मदद कर सकते हैं?"),
    ("how are you", "how are you | how are you doing | how r u | how is it going | hows it going | how do you do",
     "Very well, thank you! How can we help you?"),
    ("how are you", "cómo estás | cómo está | cómo están", "¡Muy bien, gracias! ¿En qué podemos ayudarle?"),
    ("how are you", "tudo bem | como vai | como está", "Tudo bem, obrigado! Em que podemos ajudar?"),
    ("how are you", "kaise ho | kaise hain | kaise hain aap | aap kaise hain | aap kaise ho | kya haal hai",
     "Sab khairiyat hai, shukriya! Hum aap ki kya madad kar sakte hain?"),
    ("how are you", "آپ کیسے ہیں | کیسے ہیں آپ | کیا حال ہے", "سب خیریت ہے، شکریہ! ہم آپ کی کیا مدد کر سکتے ہیں؟"),
    ("how are you", "كيف حالك | كيف حالكم | كيف الحال", "بخير، شكرًا لك! كيف يمكننا مساعدتك؟"),
    ("how are you", "आप कैसे हैं | कैसे हैं आप | कैसे हो", "हम ठीक हैं, धन्यवाद! हम आपकी क्या मदद कर सकते हैं?"),
    ("thanks", "thanks | thank you | thank you very much | thank you so much | thx | ty | cheers | much appreciated",
     "You are welcome!"),
    ("thanks", "gracias | muchas gracias | mil gracias", "¡De nada!"),
    ("thanks", "obrigado | obrigada | muito obrigado | muito obrigada", "De nada!"),
    ("thanks", "shukriya | shukria | bohat shukriya | bahut shukriya | dhanyavaad | dhanyavad | jazakallah",
     "Koi baat nahi, khushi hui!"),
    ("thanks", "شکریہ | بہت شکریہ | بہت بہت شکریہ | مہربانی", "کوئی بات نہیں، خوشی ہوئی!"),
    ("thanks", "شكرا | شكرا لك | شكرا لكم | شكرا جزيلا | جزاك الله خيرا", "على الرحب والسعة!"),
    ("thanks", "धन्यवाद | बहुत धन्यवाद | बहुत बहुत धन्यवाद | शुक्रिया", "आपका स्वागत है!"),
    ("goodbye", "bye | bye bye | goodbye | good bye | good night | see you | see you later | see ya | take care",
     "Goodbye, and take care!"),
    ("goodbye", "adiós | chao | chau | hasta luego | hasta pronto | hasta mañana | nos vemos", "¡Hasta pronto!"),
    ("goodbye", "tchau | adeus | até logo | até mais | até amanhã", "Até breve!"),
    ("goodbye", "khuda hafiz | allah hafiz | phir milenge | alvida", "Allah hafiz, apna khayal rakhiye!"),
    ("goodbye", "خدا حافظ | اللہ حافظ | پھر ملیں گے", "اللہ حافظ، اپنا خیال رکھیے!"),
    ("goodbye", "مع السلامة | إلى اللقاء | وداعا", "مع السلامة!"),
    ("goodbye", "अलविदा | फिर मिलेंगे", "फिर मिलेंगे, अपना ध्यान रखिए!"),
    ("hours", "hours | opening hours | opening times | timings | what are your hours | when are you open",
     "Which day do you mean? Tell us, and you will have the opening hours."),
    ("hours", "horario | horarios | qué horario tienen", "¿Para qué día necesita el horario?"),
    ("hours", "horário | horários", "Para que dia precisa do horário?"),
    ("hours", "time kya hai | timing kya hai | auqat", "Aap kis din ke auqat jaanna chahte hain?"),
    ("hours", "اوقات | اوقات کار", "آپ کس دن کے اوقات جاننا چاہتے ہیں؟"),
    ("hours", "أوقات العمل | ساعات العمل | الدوام", "عن أي يوم تسأل؟"),
    ("hours", "समय | समय क्या है", "आप किस दिन का समय जानना चाहते हैं?"),
    ("price", "price | prices | price list | cost | rate | rates | pricing | how much | how much is it",
     "Gladly! Which item do you mean?"),
    ("price", "precio | precios | lista de precios | cuánto cuesta | cuánto es", "¡Con gusto! ¿De qué producto?"),
    ("price", "preço | preços | quanto custa | quanto é", "Com gosto! De que produto?"),
    ("price", "qeemat | qeemat kya hai | kitne ka hai | rate kya hai", "Zaroor! Kis cheez ki qeemat?"),
    ("price", "قیمت | قیمت کیا ہے | ریٹ", "ضرور! کس چیز کی قیمت؟"),
    ("price", "السعر | الأسعار | كم السعر | بكم", "بكل سرور! سعر أي منتج؟"),
    ("price", "कीमत | दाम | कीमत क्या है", "ज़रूर! किस चीज़ की कीमत?"),
    ("help", "help | help me | i need help | can you help me | can you help | support | info",
     "Of course! What would you like to know?"),
    ("help", "ayuda | ayúdame | necesito ayuda", "¡Por supuesto! ¿Qué desea saber?"),
    ("help", "ajuda | preciso de ajuda", "Claro! O que gostaria de saber?"),
    ("help", "madad | madad karein | madad chahiye", "Zaroor! Aap kya jaanna chahte hain?"),
    ("help", "مدد | مدد کریں | مدد چاہیے", "ضرور! آپ کیا جاننا چاہتے ہیں؟"),
    ("help", "مساعدة | ساعدني | أحتاج مساعدة", "بالتأكيد! ماذا تود أن تعرف؟"),
    ("help", "मदद | मदद करें | मदद चाहिए", "ज़रूर! आप क्या जानना चाहते हैं?"),
)  # fmt: skip
_FILLERS = """
    again all and dear everybody everyone folks friend friends guys madam mam ok okay please pls plz sir so team the
    there a again for your help today lot
    amigo amiga amigos por favor señor señora y
    amigos e por favor senhor senhora
    bhai ji jee janab sahib aap sb g
    جی بھائی جناب براہ کرم من فضلك يا أخي و
    जी भाई कृपया
"""
_MARKS = re.compile("[\u0300-\u036f\u0640\u064b-\u065f\u0670\u200b-\u200f\u061c]")
_REPEATED = re.compile(r"(.)\1+")


def _words(text: str) -> list[str]:
    """The words without case, accents, vowel signs of the Arabic script and drawn-out letters ("hellooo")."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    spaced = "".join(char if unicodedata.category(char)[0] in "LM" else " " for char in bare.replace("'", ""))
    return [_REPEATED.sub(r"\1", word) for word in spaced.split()]


_TOPICS = tuple(dict.fromkeys(topic for topic, _, _ in _ANSWERS))
_PHRASES = {
    tuple(_words(phrase)): (_TOPICS.index(topic), answer)
    for topic, phrases, answer in reversed(_ANSWERS)
    for phrase in phrases.split("|")
}
_LONGEST = max(map(len, _PHRASES))
_FILLER_WORDS = frozenset(_words(_FILLERS))
_LONGEST_TEXT = 200


def assistant(message: Message, conversation: Sequence[Message]) -> Draft | None:  # noqa: ARG001 - the protocol's
    """`answer` as an assistant: answers the message's ``body``, whatever was said before it."""
    return answer(str(message.get("body") or ""))


def answer(text: str) -> Draft | None:
    """The answer to a message that is little more than a keyword, in the keyword's language; else None."""
    if len(text) > _LONGEST_TEXT or any(char.isdigit() for char in text):
        return None
    found = list(_keywords(_words(text)))
    if not found or None in found:
        return None
    _, (topic, reply) = max(
        ((index, hit) for index, hit in enumerate(filter(None, found))), key=lambda item: (item[1][0], -item[0])
    )
    return Draft(reply, author="keywords", note=f"keyword: {_TOPICS[topic]}")


def _keywords(words: list[str]) -> Iterator[tuple[int, str] | None]:
    """Each keyword with the order of its topic and its answer, fillers passed over; None for any other word."""
    start = 0
    while start < len(words):
        for end in range(min(start + _LONGEST, len(words)), start, -1):
            if hit := _PHRASES.get(tuple(words[start:end])):
                yield hit
                start = end
                break
        else:
            if words[start] not in _FILLER_WORDS:
                yield None
            start += 1

"""Words that mean the same to every question, whatever it is about.

English, Spanish, Portuguese, romanised Urdu and Hindi, Urdu, Arabic, Hindi.
"""

from __future__ import annotations

from collections.abc import Sequence

STOP_WORDS = frozenset(
    """
    a about actually all also am an and any anyone anything anywhere are as ask at be but by can could
    dear do does doing each else ever every everyone everything for from get give go going guys has have
    having he hello her here hey hi him his however i i'd i'll i'm i've if in into is it it's its just kindly know let
    like looking madam may maybe me might mine must my need of off ok okay on one only or our ours out over perhaps
    please plz pls question really regards shall she should sir so some someone something somewhere tell than thank
    thanks that that's the their them then there there's these they this those through thx to too u up ur us very
    want wanted was we we're well were what what's which while whom whose will with wondering would you you're your
    yours

    a al algo algun alguna ante aquí buenas bueno buenos con cual cuál cuales cuáles de del desde día días e el él
    ella ellos en entre eres es ese eso esta está estan están este esto estoy favor gracias ha hace hay hola la
    las le les lo los mas más me mi mis muy nos o os para pero podría por puede pueden puedo que qué quiero quisiera
    saber se sea ser si sí sobre son su sus tal también te tiene tienen tengo tú tu tus u un una unas unos usted
    ustedes va y ya yo

    à ao aos as às até bem boa bom com da das de dia do dos e é ela ele em essa esse esta está estão estou eu
    gostaria há isso isto já lá mais mas me meu minha muito na nas no nos nós o obrigada obrigado olá os ou para
    pela pelo pode podem por posso pra qual quais que quero saber se ser seu são só sua também tem têm tenho ter
    um uma vocês você

    aap ap apka apki apke aapka aapki aapke batao bata batayein bhai bhi hai hain haan han ho hoga hota hoti hum hun
    jee ji ka ke ki kia kis ko kr kar kya main mein mera mere meri mujhe par pe raha rahe rahi sakta sakte sakti salam
    salaam se shukria shukriya wo ye yeh

    آپ اپ اور ایک اس ان پر تک تو جی جو سے سکتا سکتے سکتی شکریہ کا کر کرتے کریں کس کو کہ کی کیا کے گا گی گے
    میرا میرے میری میں مجھے وہ ہم ہو ہوتا ہوتی ہے ہیں یہ سلام علیکم براہ مہربانی بتائیں

    أن أنا أنت أو إلى إن التي الذي السلام الى ان انا انت او ذلك شكرا عليكم على عن عند عندكم في فضلك لكم لو لي ما
    ماذا مرحبا مع من نعم هذا هذه هل هم هو هي و يا

    आप आपका आपकी आपके इस उस एक और क्या का की के को कृपया कोई जी तक तो धन्यवाद नमस्ते ने पर में मुझे मेरा मेरी
    मेरे मैं यह ये वह सकता सकते सकती से हम है हैं हो होता होती
    """.split()  # noqa: SIM905 - a list to read
)
"""Words that carry no meaning of their own: pronouns, auxiliaries, courtesies.

Not among them are those of the past ("did", "been"): what has happened to someone is no general question.
"""

ASKING_WORDS: Sequence[tuple[str, str]] = (
    (
        "when cuándo quando kab کب متى कब",
        """
        hour hours time times timing timings day days schedule  hora horas horario horarios horário horários
        auqat اوقات وقت أوقات ساعات समय
        """,
    ),
    (
        "where dónde onde kahan کہاں أين اين कहाँ कहां",
        """
        address location located place directions  dirección ubicación  endereço morada localização
        pata پتہ عنوان पता
        """,
    ),
    (
        """
        much many  cuánto cuántos cuánta cuántas  quanto quantos quanta quantas
        kitna kitne kitni  کتنا کتنے کتنی  كم بكم  कितना कितने कितनी
        """,
        """
        price prices cost costs fee fees charge charges rate rates  precio precios costo coste  preço preços custo taxa
        qeemat قیمت سعر कीमत
        """,
    ),
    ("how", "much many price prices cost costs fee fees charge charges rate rates"),
    ("cómo como kaise کیسے كيف कैसे", ""),
    ("who quién quem kaun کون कौन", ""),
    ("why kyun کیوں لماذا क्यों", ""),
)
"""Words that tell what is asked (a time, a place, a price, a way) but not of what, and nouns that ask the same."""

NEGATIONS = frozenset(
    """
    aren't can't cannot couldn't didn't doesn't don't hasn't haven't isn't never no not nothing shouldn't wasn't
    weren't won't wouldn't    nada ni nunca tampoco    jamais não nao nem    mat nahi nahin nai
    نہ نہیں    غير لا لم لن ليس ليست    न नहीं मत
    """.split()  # noqa: SIM905 - a list to read
)
"""Words that turn a question into something else, often a complaint."""

OTHER_NEGATIONS = frozenset(
    """
    no    aucun aucune jamais pas rien    kein keine keinem keinen keiner keines nicht nichts nie niemals
    mai niente non nessun nessuno    geen nergens niet niets nooit    değil hiç yok    bukan jangan tidak
    не ни никогда нет ничего
    """.split()  # noqa: SIM905 - a list to read
)
"""Negations of languages without other words here: French, German, Italian, Dutch, Turkish, Indonesian, Russian.

And "no", which is a stop word besides, since it is no negation in Portuguese.
"""

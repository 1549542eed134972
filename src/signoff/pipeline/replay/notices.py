"""What the app itself writes into an exported chat: pictures left out, files attached, messages deleted or edited.

On an iPhone its own words begin with U+200E, in any language; elsewhere they are known by the phrases below, as
exports of phones in these languages hold them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .stamps import without_marks

_OWN = "\u200e"
_FEW_WORDS = 4
_LONGEST_NOTICE = 300

_LEFT_OUT = """
    omitted|omitid[oa]s?|ocult[oa]s?|não revelad[oa]|weggelassen|ausgelassen|absente|omise?s?|manquante?|retiré
    |omess[oia]|non incluso|esclus[oa]|weggelaten|vynechán[oa]?|отсутствует|не добавлен[оа]?|відсутн[єяій]+|пропущено
    |не додано|tidak disertakan|dahil edilmedi|छोड़ा गया|हटाई ग[यई]ी?|含まれていません|を省略|已忽略|省略
    |생략됨|제외됨|utelämna[dt]s?|udeladt|utelatt|pominięto|kihagyva
"""
_LEFT_OUT_BEFORE = "لم يتم إدراج|تم حذف الملصقات|đã bỏ(?: qua)?|bỏ qua|ไม่มี|ละเว้น|已忽略|忽略"
_DELETED = """
    this message was deleted|you deleted this message|se eliminó este mensaje|eliminaste este mensaje
    |esta mensagem foi apagada|(?:você )?apagou esta mensagem|mensagem apagada|ce message a été supprimé
    |vous avez supprimé ce message|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht
    |questo messaggio è stato eliminato|hai eliminato questo messaggio|dit bericht is verwijderd
    |(?:u hebt|je hebt) dit bericht verwijderd|данное сообщение удалено|вы удалили данное сообщение
    |це повідомлення було видалено|ви видалили це повідомлення|bu mesaj silindi|bu mesajı sildiniz
    |pesan ini (?:telah )?dihapus|anda (?:telah )?menghapus pesan ini
    |تم حذف هذه الرسالة|(?:أنت حذفت|لقد حذَفت) هذه الرسالة
    |یہ پیغام حذف کر دیا گیا تھا|آپ نے یہ پیغام حذف کر دیا ہے|यह मैसेज डिलीट कर दिया गया है|आपने यह मैसेज डिलीट किया
    |tato zpráva byla smazána|tuto zprávu jste smazal/a|このメッセージは削除されました|このメッセージを削除しました
    |ข้อความนี้ถูกลบแล้ว|คุณได้ลบข้อความนี้|tin nhắn này đã bị x[oó][aá]|bạn đã xoá tin nhắn này|此消息已删除|您已删除此消息
    |訊息已刪除|此訊息已刪除|您已刪除此訊息|이 메시지는 삭제되었습니다|삭제된 메시지입니다
    |הודעה זו נמחקה|מחקת הודעה זו|این پیام حذف شد|شما این پیام را حذف کردید
    |ta wiadomość została usunięta|usunięto tę wiadomość|acest mesaj a fost șters|ai șters acest mesaj
    |αυτό το μήνυμα διαγράφηκε|διαγράψατε αυτό το μήνυμα|ez az üzenet törölve lett|törölted ezt az üzenetet
    |det här meddelandet raderades|du raderade det här meddelandet|denne besked blev slettet|du slettede denne besked
    |denne meldingen ble slettet|du slettet denne meldingen|tämä viesti poistettiin|poistit tämän viestin
    |এই মেসেজটি মুছে ফেলা হয়েছে|আপনি এই মেসেজটি মুছে ফেলেছেন|mesej ini telah dipadam|anda telah memadam mesej ini
"""
_EDITED = (
    "edited|edit[óa]d?[oa]?|modifié|modificato|bearbeitet|bewerkt|изменено|відредаговано|düzenlendi|diedit|edytowano|editat"
    "|upraven[aoý]|redigera[dt]|redigeret|redigert|muokattu|szerkesztett|disunting|chỉnh sửa"
)
_EDITED_STEMS = "تعديل|ویرایش|ترمیم|संपादित|সম্পাদ|编辑|編輯|編集|수정|แก้ไข|נערכה|επεξεργ"
_ATTACHED = """
    file attached|archivo adjunt(?:o|ado)|arquivo anexado|ficheiro anexado|fichier joint|Datei angehängt|file allegato
    |bestand bijgevoegd|файл добавлен|файл додано|dosya ekli|file terlampir|الملف مرفق|پیوستہ فائل|फाइल संलग्न
    |קובץ מצורף|فایل پیوست(?: شد)?|plik załączony|fișier atașat|συνημμένο αρχείο|bifogad fil|vedhæftet fil|vedlagt fil
    |tiedosto liitetty|csatolt fájl|ফাইল সংযুক্ত|fail dilampirkan
    |फ़ाइल अटैच की गई|soubor byl přiložen|添付ファイル有り|文件附件|附件檔案|파일 첨부됨|ไฟล์ที่แนบ|tệp đính kèm
"""
_KINDS = {
    "image": """
        image|imagen|imagem|bild|immagine|afbeelding|изображение|зображення|photo|foto|gambar|resim|görüntü|صورة|फ़ोटो|画像
        |图像|圖片|사진|รูปภาพ|hình ảnh|obrázek
    """,
    "video": "video|vídeo|vidéo|gif|видео|відео|فيديو|वीडियो|ビデオ|视频|影片|동영상|วิดีโอ",
    "audio": "audio|áudio|voice|аудио|аудіо|ses|صوت|ऑडियो|音声|音频|음성|เสียง|âm thanh|zvukový",
    "sticker": """
        sticker|figurinha|стикер|наклейк|stiker|çıkartma|ملصق|स्टिकर|スタンプ|贴图|스티커|สติกเกอร์|nálepka
    """,
    "vcard": """
        contact|contacto|contato|kontakt|contatto|контакт|kontak|kişi|جهة اتصال|कॉन्टैक्ट|連絡先|名片|연락처
        |vizitka|thẻ|บัตรรายชื่อ
    """,
    "document": """
        document|documento|dokument|документ|dokumen|belge|مستند|डॉक्यूमेंट|ドキュメント|文档|문서|เอกสาร|tài liệu
    """,
}
_FILES = {
    "image": r"jpe?g|png|heic",
    "video": r"mp4|mov|3gp|gif",
    "ptt": r"opus",
    "audio": r"m4a|mp3|aac|ogg|amr",
    "sticker": r"webp",
    "vcard": r"vcf",
}


def _any(phrases: str) -> str:
    return "(?:" + "".join(part.strip() for part in phrases.splitlines()) + ")"


_EDITED_NOTE = re.compile(rf"<[^<>\n]*(?:\b(?:{_EDITED})\b|{_EDITED_STEMS})[^<>\n]*>", re.IGNORECASE)
_DELETED_NOTE = re.compile(rf"{_any(_DELETED)}[.。।]?", re.IGNORECASE)
_LEFT_OUT_NOTE = re.compile(
    rf"(?:(?P<title>.+\.\w{{2,5}}(?: • .+)?) )?"
    rf"(?P<what>[^<>]{{0,40}}{_any(_LEFT_OUT)}|(?:{_LEFT_OUT_BEFORE})[^<>]{{0,40}}|วิดีโอถูกลบ)",
    re.IGNORECASE,
)
_LEFT_OUT_TAG = re.compile(r"<(?P<what>(?=[^>]*[^!-~])[^\W\d_][^<>\n:/]{3,40})>(?:\n(?P<caption>.*))?", re.DOTALL)
_ATTACHED_TAG = re.compile(r"<[^<>\n:]{2,30}: (?P<file>[^<>\n]+\.\w{2,5})>")
_ATTACHED_NOTE = re.compile(r"(?P<file>[^\n]+\.\w{2,5}) \((?P<note>[^()\n]+)\)(?:\n(?P<caption>.*))?", re.DOTALL)
_ATTACHED_WORDS = re.compile(_any(_ATTACHED), re.IGNORECASE)
_CAMERA_FILE = re.compile(r"(?:IMG|VID|AUD|PTT|STK|DOC)-\d{8}-WA\d+\.\w+")
_LOCATION = re.compile(r"[^\n:]{2,30}:? https://(?:maps\.google\.com/|foursquare\.com/v/)\S*")
_POLL = re.compile(r"(?:POLL|ENCUESTA|ENQUETE|UMFRAGE|SONDAGE|SONDAGGIO|ОПРОС)\s?:\n")
_ANY_POLL = re.compile(r"[^\n:]{2,20}\s?:\n[^\n]+(?:\n[^\n:]{2,15}\s?: [^\n]+\(\d+ [^\n()]+\))+")


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says once the app's own words are taken off.

    Attributes:
        text: what the person wrote; empty for a picture without a caption.
        kind: ``chat``, ``image``, ``video``, ``audio``, ``ptt``, ``sticker``, ``document``, ``vcard``, ``media`` (a
            file of unknown kind), ``location``, ``poll_creation`` or ``revoked``; ``notice`` for words that are all
            the app's own.
        file: the name of the attached file, where the export tells it.
        edited: whether the text was changed after it was sent.
    """

    text: str
    kind: str = "chat"
    file: str | None = None
    edited: bool = False


def read_notices(text: str) -> Said:
    """Tell what a person wrote from what the app put there."""
    kept = _without_edit_note(text)
    said = _special(kept, without_marks(kept).strip()) or Said(kept)
    return said if kept == text else replace(said, edited=True)


def _without_edit_note(text: str) -> str:
    before, tag = _last_tag(text)
    if not tag or not without_marks(before).strip() or _ATTACHED_TAG.fullmatch(tag):
        return text
    if before.endswith(_OWN) or _EDITED_NOTE.fullmatch(tag):
        return before.rstrip(_OWN + " ")
    return text


def _last_tag(text: str) -> tuple[str, str]:
    """The text without the ``<…>`` at its end, and that."""
    start = text.rfind("<")
    return (text[:start], text[start:]) if start >= 0 and text.endswith(">") else (text, "")


def _special(text: str, bare: str) -> Said | None:
    if _DELETED_NOTE.fullmatch(bare):
        return Said("", "revoked")
    if found := _attached(text, bare) or _left_out(text, bare):
        return found
    if _LOCATION.fullmatch(bare):
        return Said(bare, "location")
    if _POLL.match(bare) or (text.startswith(_OWN) and _ANY_POLL.match(bare)):
        return Said(bare, "poll_creation")
    return Said(bare, "notice") if text.startswith(_OWN) else None


def _attached(text: str, bare: str) -> Said | None:
    caption, tag = _last_tag(bare)
    if found := _ATTACHED_TAG.fullmatch(tag):
        return _with_file(caption.rstrip(), _kind_of_file(found["file"]), found["file"])
    found = _ATTACHED_NOTE.fullmatch(bare)
    if not found:
        return None
    file = found["file"]
    if text.startswith(_OWN) or _CAMERA_FILE.fullmatch(file) or _ATTACHED_WORDS.fullmatch(found["note"]):
        return Said(found["caption"] or "", _kind_of_file(file), file)
    return None


def _left_out(text: str, bare: str) -> Said | None:
    if found := _LEFT_OUT_TAG.fullmatch(bare):
        return Said(found["caption"] or "", _kind_of_words(found["what"]))
    caption, own, notice = text.rpartition(_OWN)
    notice = without_marks(notice).strip()
    found = _LEFT_OUT_NOTE.fullmatch(notice) if len(notice) <= _LONGEST_NOTICE else None
    if not found:
        return None
    kind = _kind_of_words(found["what"])
    if not own and (kind == "media" or len(found["what"].split()) > _FEW_WORDS):
        return None
    return _with_file(without_marks(caption).strip() or found["title"] or "", kind, None)


def _with_file(caption: str, kind: str, file: str | None) -> Said:
    """A file with its caption; before a document stands its title instead."""
    title = caption.split(" • ")[0].strip()
    if kind == "document" and "." in title and (file is None or file.endswith(title)):
        return Said("", kind, file or title)
    return Said(caption, kind, file)


def _kind_of_file(name: str) -> str:
    ending = name.rpartition(".")[2]
    return next((kind for kind, endings in _FILES.items() if re.fullmatch(endings, ending, re.IGNORECASE)), "document")


def _kind_of_words(words: str) -> str:
    return next((kind for kind, names in _KINDS.items() if re.search(_any(names), words, re.IGNORECASE)), "media")

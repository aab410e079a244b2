"""What of a text counts when two rows are asked whether they are the same: a name without its case, width,
punctuation and legal form, a telephone number as E.164, an e-mail address, a number without separators.

Two texts are alike when their keys are equal, and only then: nothing here guesses.  What differs in fact stays apart,
such as «华为（北京）有限公司» and «华为有限公司».
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from app.core import phones
from app.core.settings import settings

LONGEST = 200  # characters of a key
SHORTEST_NUMBER = 5  # letters and digits of a tax number that says something
LETTERS, CHARACTERS = 4, 2  # of a name that is still typed: as many letters, or Chinese, Japanese or Korean characters
RULES = 2
"""Raised whenever the keys come out otherwise: what is stored is then made anew at the next start."""

# Longest first. 集团 and 分公司 stay: a group is not its company, nor a branch its head office.
CHINESE_FORMS = (
    "有限责任公司",
    "股份有限公司",
    "有限公司",
    "普通合伙",
    "有限合伙",
    "个体工商户",
    "公司",
)
OTHER_COMPANIES = ("分公司", "子公司", "母公司", "总公司")
LEGAL_WORDS = frozenset(
    [
        *("ltd", "limited", "co", "company", "inc", "incorporated", "corp", "corporation", "llc", "llp", "lp", "plc"),
        *("pte", "pty", "pvt", "private", "sdn", "bhd", "gmbh", "mbh", "ag", "kg", "kgaa", "ohg", "gbr", "ug", "ev"),
        *(
            "se",
            "sa",
            "sas",
            "sarl",
            "srl",
            "spa",
            "snc",
            "sl",
            "slu",
            "bv",
            "nv",
            "cv",
            "ab",
            "oy",
            "oyj",
            "as",
            "asa",
        ),
        *("aps", "kk", "kft", "zrt", "doo", "sro", "spzoo", "lda", "ltda", "eireli"),
    ]
)
JOINING = frozenset({"and", "und", "et", "y"})
_CHINESE_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")


def keys(kind: str, text: str | None) -> list[str]:
    """The keys of ``text`` as a ``kind`` of the registry ``KINDS``: none when it says nothing, several for several
    telephone numbers.
    """
    return list(dict.fromkeys(_shortened(key) for key in KINDS[kind](text) if key)) if text else []


def name_keys(text: str) -> list[str]:
    """«Ａcme  Trading Co., Ltd.» → «acmetrading»; «北京 明亮 科技有限公司» → «北京明亮科技».

    «Müller & Söhne GmbH», «Müller und Söhne» and «Müller Söhne» are one; of a name that is nothing but a legal form all is
    kept.
    """
    plain = _plain(text).replace(".", "").replace("'", "").replace("’", "")
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    kept = words[:1] + [word for word in words[1:] if word not in JOINING]
    while len(kept) > 1 and kept[-1] in LEGAL_WORDS:
        kept.pop()
    whole = "".join(kept)
    return [_without_chinese_form(whole)]


def beginning(text: str) -> str:
    """What the key of a name begins with of which ``text`` is typed so far, or "" when that says too little."""
    begun = name_keys(text)[0] if text else ""
    enough = CHARACTERS if all(letter >= "\u2e80" for letter in begun) else LETTERS
    return begun if enough <= len(begun) <= LONGEST // 2 else ""


def _without_chinese_form(name: str) -> str:
    for form in CHINESE_FORMS:
        if name.endswith(form) and not name.endswith(OTHER_COMPANIES):
            return _without_chinese_form(name.removesuffix(form)) or name
    return name


def phone_keys(text: str) -> list[str]:
    """Each telephone number in ``text`` as E.164, without its extension; what can be none gives no key."""
    country = settings().country
    return [_e164(part.strip(), country) for part in phones.SPLIT.split(unicodedata.normalize("NFKC", text))]


@lru_cache(maxsize=50_000)
def _e164(text: str, country: str) -> str:
    """``text`` as E.164, or "" when it is no possible number in ``country``."""
    if country == "CN" and (mobile := _CHINESE_MOBILE.fullmatch(re.sub(r"[\s\-().]", "", text))):
        return f"+86{mobile[1]}"  # most of them: the library takes its time
    # Loaded when it is first needed: its tables take a while.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    # Without its country a number must be one of ours: one that can only be dialled within a town, another town has too.
    if not (phonenumbers.is_possible_number(number) if text.startswith("+") else phonenumbers.is_valid_number(number)):
        return ""
    number.extension = None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_keys(text: str) -> list[str]:
    """An e-mail address in one case and width."""
    address = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return [address] if "@" in address else []


def number_keys(text: str) -> list[str]:
    """The letters and digits of a tax number."""
    kept = "".join(letter for letter in _plain(text) if letter.isalnum())
    return [kept] if len(kept) >= SHORTEST_NUMBER else []


KINDS: dict[str, Callable[[str], list[str]]] = {
    "name": name_keys,
    "phone": phone_keys,
    "email": email_keys,
    "number": number_keys,
}


def _plain(text: str) -> str:
    """``text`` in one width and case, without the accents of Latin letters."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    # Only what is put above and below Latin letters: a Japanese か is not a が.
    return unicodedata.normalize("NFC", "".join(each for each in apart if not "\u0300" <= each <= "\u036f"))


def _shortened(key: str) -> str:
    if len(key) <= LONGEST:
        return key
    return key[: LONGEST - 33] + "#" + hashlib.sha256(key.encode()).hexdigest()[:32]

"""Folding: writing what people type and what editors write in one plain form, so that the two can be compared.

People in distress type without diacritics, without spaces, with stuck keys and with letters swapped for digits. Both
sides are folded alike: case, diacritics, doubled letters, apostrophes and punctuation go; ends of sentences stay.
"""

from __future__ import annotations

import re
import unicodedata

STOP = "."  # the token that stands for the end of a sentence

_DIACRITICS = re.compile("[\u0300-\u036f]+")
_LETTERS_WITHOUT_PARTS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "ð": "d"})
_APOSTROPHE = re.compile(r"(?<=\w)['’‘`´ʼ](?=\w)")
_SIGN_FOR_LETTER = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"}
_SIGN_IN_WORD = re.compile(r"(?<=[a-z])[013457@$](?=[a-z])")
_REPEATED_LETTER = re.compile(r"([^\W\d_])\1+")
# Marks of Thai, Arabic and the Indic scripts are part of their words although \w leaves them out.
_TOKEN = re.compile(r"[\w\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u064b-\u0652\u0900-\u0903\u093a-\u094f]+|[.!?…;\n]+")
_SPELT_OUT = re.compile(r"(?<![^ ])(?:[^\W\d_] ){4,}(?![^ ] )")


def fold(text: str) -> str:
    """Return `text` in lower case without diacritics, apostrophes and doubled letters."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    folded = _DIACRITICS.sub("", folded).translate(_LETTERS_WITHOUT_PARTS)
    folded = unicodedata.normalize("NFC", folded)  # puts Hangul and other composed letters back together
    folded = _APOSTROPHE.sub("", folded)
    folded = _SIGN_IN_WORD.sub(lambda sign: _SIGN_FOR_LETTER[sign[0]], folded)
    return _REPEATED_LETTER.sub(r"\1", folded)


def fold_to_words(text: str) -> str:
    """Return the folded words of `text`, each followed by one space, with a full stop between sentences.

    >>> fold_to_words("Jag ORKAR inte... snäääälla, svara!")
    'jag orkar inte . snala svara . '
    """
    tokens = [
        word if word[0] not in ".!?…;\n" else STOP for word in _TOKEN.findall(fold(text).replace("_", " ")) if word
    ]
    words = "".join(f"{token} " for token in tokens)
    return _SPELT_OUT.sub(lambda run: run[0].replace(" ", "") + " ", words)

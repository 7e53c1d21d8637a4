"""A person's own present age, read by rules in Swedish, English and Romanian.

Models take adults for minors ("I am 35" → under 18) because the digits look alike to them, so ages are never left to
a model. The rules tell one's own age from somebody else's, from the past, and from prices, times and durations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from bot.safety.folding import fold

YOUNGEST, OLDEST = 8, 99


@dataclass(frozen=True, slots=True)
class OwnAge:
    """Age in years that a person states of themselves now; `explicit` is false for a number and nothing else."""

    years: int
    explicit: bool


def find_age(text: str) -> int | None:
    """Return the writer's own present age in years (8–99), or None if the text does not state it."""
    age = find_own_age(text)
    return age.years if age else None


def find_own_age(text: str) -> OwnAge | None:
    """Return the writer's own present age and whether it was said in words; the last statement counts."""
    tokens = _tokens(text)
    if len(content := [token for token in tokens if token not in _BOUNDARIES]) == 1:
        years = _years(content[0])
        return OwnAge(years, explicit=False) if years else None
    found: OwnAge | None = None
    for position, token in enumerate(tokens):
        years = _years(token)
        if years is None:
            continue
        reading = _Reading(tokens, position)
        if reading.whose() is _Whose.OWN:
            found = OwnAge(years, explicit=True)
        elif reading.whose() is _Whose.OWN_SOON and years > YOUNGEST:
            found = OwnAge(years - 1, explicit=True)
    return found


class _Whose(Enum):
    OWN = "own"
    OWN_SOON = "own, one year later"
    OTHER = "somebody else's, past, or no age"


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split())


_TOKEN = re.compile(r"\d+(?:[:.]\d+)+|\d+|[^\W\d_]+|[.,!?;…\n()+%$€]")
_STOPS = frozenset(".!?;…\n")
_BOUNDARIES = _STOPS | frozenset(",()")

_SELF = _folded("jag ja jg i im ive me we eu noi mig vi man you youre")
_SELF_VERBS = _folded("är ar e r am fyllt fylde turned are re suntem avem blev")
_BE = _folded("är ar e r am are re is avem")
_HAS_TURNED = _folded("împlinit fyllt fyllde turned blivit")
_ARTICLES = _folded("a an en ett o un")
_AND = _folded("och and si")
_ALMOST = _folded("almost nästan aproape snart")
_BOTH = _folded("both båda bägge amandoua amandoi")
_MINE = _folded("my min mea")
_SOON = _folded("fyller turn turning fac facem implinesc blir becoming")
_PAST = _folded(
    """
    var va was were when när nar since sedan sen aveam eram cand la at från from till until pana om vid
    """
)
_AGE_WORDS = _folded("ålder åldern age aged varsta vârsta")
_LIMITS = _folded(
    """
    under över minst mer mindre än below over least above than sub peste minim lt gt inte not nt ej nu max
    """
)
_OTHERS = _folded(
    """
    han hon hen de dom dem honom henne hans hennes någon nån ngn dotter dottern son sonen bror brorsa syster
    kompis kompisen vän vännen väninna elev eleven klient patient tjejen killen flickan pojken barnet barn
    barnbarn systerdotter systerson kusin mamma pappa mannen kvinnan sambo pojkvän flickvän ungdom unge
    tonåring min mitt mina vår vårt våra granne chef maken frun gubbe kunden köparen säljaren personen fjortis
    he she hes shes they theyre them him her his their daughter brother sister friend student client kid child
    niece nephew cousin mother mom mum dad father boyfriend girlfriend bf gf husband wife neighbour someone
    somebody teen teenager my our guy who person buyer customer seller el ea ei ele lui fiica fiul baiatul
    sora fratele prietena prietenul eleva elevul pacienta pacientul mama tata meu mea mei mele sotul sotia
    iubitul iubita cineva nepoata nepotul verisoara colega colegul copilul fetei baiatului unei unui care are
    avea au clienta clientul vecina vecinul tipul
    """
)
_FILLERS = _folded(
    """
    bara endast typ nu just precis redan fortfarande nästan ung gammal en ett o och men fast också egentligen
    ändå tjej kille flicka pojke kvinna man trans transkvinna transman gay bi binär icke ickebinär
    ensamkommande student snart only now already still almost a an young old female male girl boy woman guy
    nonbinary lesbian single unaccompanied and but actually really currently like about around barely both f m
    doar abia deja inca numai teenager tonåring teen adolescent adolescenta aproape fata baiat femeie barbat
    si dar un tanara tanar minora minor eleva elev asa exact amandoua amandoi acum de fapt transsexuala , ( u
    hi hello hey hej salut buna
    """
)
_YEARS = _folded("år ar year years yr yrs y ani an anisori")
_OLD = _folded("gammal gamal old o")
_YO = _folded("yo yrs yr")
_YEAR_OLD = _folded("åring årig årigt aring arig års")
_AFTER_DURATION = _folded(
    """
    sen sedan ago tillbaka urma in of av experience straff fängelse prison later older äldre yngre younger
    more mai apart sentence inchisoare senare earlier tidigare selling i
    """
)
_BEFORE_DURATION = _folded(
    """
    i för for om på under efter after de senaste last past over acum timp peste dupa within in since every
    varje nearly vreo circa cam intre mellan between than än to ca av
    """
)
_NOT_AGE = _folded(
    """
    kr kronor kron sek spänn lax tusen k euro eur lei ron dollar dollars usd bucks pund pounds mii bani
    procent percent % $ € min mins minuter minutes minute minut timmar timme tim h hours hour hrs ore ora
    dagar dag days day zile zi veckor vecka weeks week saptamani manader månader mån months month luni luna
    gånger gång times time ori st stycken personer people persoane kg kilo cm meter mil km miles tabletter
    piller pills tablets pastile bilder pics pictures poze killar män kunder customers clients barbati clienti
    barn kids children copii januari februari mars april maj juni juli augusti september oktober november
    december january february march may june july august october ianuarie februarie martie aprilie iunie iulie
    septembrie octombrie noiembrie decembrie th nd rd grader degrees procente svar frågor questions intrebari
    the pm of tjejer flickor girls fete avenue gatan av + rum rooms
    """
)
_MONTHS_BEFORE = _folded(
    """
    kl klockan ora den the nr nummer number buss linje rum room strada gatan vägen kapitel chapter page sida
    sidan artikel article bus line
    """
)
_ROMANIAN_AFTER = _folded("ani an si dar iar acum e cand , . ! ? ) fac la")


_VARIANTS = {
    "aderton": 18,
    "cincispe": 15,
    "cinsprezece": 15,
    "patrusprezece": 14,
    "sasesprezece": 16,
    "saptispe": 17,
    "optispe": 18,
}


def _number_words() -> dict[tuple[str, ...], int]:
    words: dict[tuple[str, ...], int] = {}

    def add(spelt: str, value: int) -> None:
        words[tuple(fold(spelt).split())] = value

    swedish_units = ["", "ett", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio"]
    english_units = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    romanian_units = ["", "unu", "doi", "trei", "patru", "cinci", "sase", "sapte", "opt", "noua"]
    low = """
        åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton
        eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
        opt noua zece unsprezece doisprezece treisprezece paisprezece cincisprezece saisprezece saptesprezece
        optsprezece nouasprezece
    """.split()  # noqa: SIM905 - three languages, each from eight to nineteen
    for position, word in enumerate(low):
        add(word, 8 + position % 12)
    spoken = "unspe doispe treispe paispe cinspe saispe saptespe optspe nouaspe"
    for value, word in enumerate(spoken.split(), start=11):
        add(word, value)
    for word, value in _VARIANTS.items():
        add(word, value)
    tens = [
        ("tjugo", "twenty", "douazeci"), ("trettio", "thirty", "treizeci"), ("fyrtio", "forty", "patruzeci"),
        ("femtio", "fifty", "cincizeci"), ("sextio", "sixty", "saizeci"), ("sjuttio", "seventy", "saptezeci"),
        ("åttio", "eighty", "optzeci"), ("nittio", "ninety", "nouazeci"),
    ]  # fmt: skip
    for ten, (swedish, english, romanian) in enumerate(tens, start=2):
        for word in (swedish, english, romanian):
            add(word, ten * 10)
        for unit in range(1, 10):
            value = ten * 10 + unit
            add(swedish + swedish_units[unit], value)
            add(f"{swedish} {swedish_units[unit]}", value)
            add(english + english_units[unit], value)
            add(f"{english} {english_units[unit]}", value)
            add(f"{romanian} si {romanian_units[unit]}", value)
    for unit in range(1, 10):
        add("tju" + swedish_units[unit], 20 + unit)
    return words


_NUMBER_WORDS = _number_words()
_LONGEST_NUMBER = max(map(len, _NUMBER_WORDS))


def _tokens(text: str) -> list[str]:
    """Return folded words, numbers and signs; numbers in words become digits."""
    raw = _TOKEN.findall(fold(text))
    tokens: list[str] = []
    position = 0
    while position < len(raw):
        for length in range(_LONGEST_NUMBER, 0, -1):
            value = _NUMBER_WORDS.get(tuple(raw[position : position + length]))
            if value is not None:
                tokens.append(str(value))
                position += length
                break
        else:
            tokens.append(raw[position])
            position += 1
    return tokens


def _years(token: str) -> int | None:
    return int(token) if token.isdecimal() and token.isascii() and YOUNGEST <= int(token) <= OLDEST else None


class _Reading:
    """One number in its sentence."""

    def __init__(self, tokens: list[str], position: int) -> None:
        self._tokens = tokens
        self._position = position
        start = position
        while start and tokens[start - 1] not in _STOPS:
            start -= 1
        self._left = tokens[start:position][::-1]  # nearest first
        self._right = tokens[position + 1 : position + 5]

    def whose(self) -> _Whose:
        right = self._right
        after = right[0] if right else ""
        before = self._left[0] if self._left else ""
        if after in _NOT_AGE or before in _MONTHS_BEFORE or _is_number(after) or _is_number(before):
            return _Whose.OTHER
        year_word, rest = self._unit(right)
        if year_word and (rest in _AFTER_DURATION or before in _BEFORE_DURATION) and not self._is_girl_of():
            return _Whose.OTHER
        if before in _LIMITS and before != "nu":
            return _Whose.OTHER
        if before in _ALMOST and (self._is_first() or self._is_self(self._left, default=False)):
            return _Whose.OWN_SOON
        if self._is_aside():
            return _Whose.OWN if self._is_self(self._left, default=False) else _Whose.OTHER
        return self._by_subject(after, year_word)

    def _unit(self, right: list[str]) -> tuple[bool, str]:
        """Return whether a word for years follows, and the word after it."""
        words = [*right, "", "", ""]
        if words[0] == "de" and words[1] in _YEARS:
            return True, words[2]
        if words[0] in _YEARS | _YEAR_OLD | _YO:
            return True, words[1]
        return False, ""

    def _is_girl_of(self) -> bool:
        """Romanian writes “fată de 16 ani” for one's own age at the very beginning of a message."""
        return self._left[:1] == ["de"] and len(self._left) == 2 and self._left[1] in _FILLERS and self._is_first()

    def _is_aside(self) -> bool:
        """Tell whether the number stands between two commas: “I go to high school, 16, and get paid”."""
        place = next((place for place, token in enumerate(self._left[1:], 1) if token not in _FILLERS), None)
        close = place is not None and self._left[place] in _BE | {"im", "m"}
        return self._left[:1] == [","] and self._right[:1] == [","] and not close

    def _is_first(self) -> bool:
        return len(self._left) == self._position

    def _by_subject(self, after: str, year_word: bool) -> _Whose:
        left = self._left
        place = 0
        while place < len(left) and left[place] in _FILLERS and left[place] not in {"m", "de"} | {"u"}:
            place += 1
        if self._is_girl_of():
            return _Whose.OWN
        if place >= len(left):
            # Nothing but fillers before: “17 år. säljer sex”, “15 yo, help”, “tjej 15”.
            said = [token for token in left if token not in {",", "("}]
            if after in _YEAR_OLD or (said and said[-1] in _ARTICLES):
                return _Whose.OTHER
            opens = self._is_first() and after in _AND
            return _Whose.OWN if year_word or said or opens else _Whose.OTHER
        word, earlier = left[place], left[place + 1 :]
        if any(token in _BOTH for token in left[:place]) and any(token in _SELF for token in earlier):
            return _Whose.OWN
        if word in _SOON:
            return _Whose.OWN_SOON if self._is_self(earlier, default=True) else _Whose.OTHER
        if word in {"am", "avem"}:
            # English “I am 35”, or Romanian “am 35 de ani”, which needs its word for years unless the clause ends.
            english = earlier[:1] == ["i"]
            ends = after in _ROMANIAN_AFTER or not after
            return _Whose.OWN if earlier[:1] != ["nu"] and (english or year_word or ends) else _Whose.OTHER
        if word == "m" and earlier[:1] == ["i"]:
            return _Whose.OWN
        if word in {"im", "ime"}:
            return _Whose.OWN
        if word in {"have", "has"}:
            return _Whose.OWN if year_word and earlier[:1] == ["i"] else _Whose.OTHER
        if word in _AGE_WORDS:
            return _Whose.OWN if self._is_self(earlier, default=True) else _Whose.OTHER
        if word in _HAS_TURNED and earlier[:1] and earlier[0] in _LIMITS:
            return _Whose.OTHER
        if word in _HAS_TURNED or word in _BE:
            return _Whose.OWN if self._is_self(earlier, default=word not in {"is", "are"}) else _Whose.OTHER
        if word in {"jag", "ja", "jg", "i", "eu"}:
            verb = earlier[0] if earlier else ""
            return _Whose.OTHER if verb in _PAST else _Whose.OWN
        return _Whose.OTHER

    def _is_self(self, earlier: list[str], *, default: bool) -> bool:
        """Tell whether the nearest subject to the left is the writer."""
        if earlier[:1] and earlier[0] in _AGE_WORDS:
            return earlier[1:2] == [] or earlier[1] in _MINE
        for place, token in enumerate(earlier[:8]):
            following = earlier[place + 1 : place + 4]
            if token in _SELF:
                return True
            if token in {"som", "who", "that"} and place < 2:
                return bool(following and following[0] in _SELF)
            if token in _OTHERS:
                joined = {"och", "o", "and", "with", "med", "cu", "si"}
                return any(word in joined for word in following) and any(
                    word in _SELF for word in earlier[place : place + 5]
                )
        return default


def _is_number(token: str) -> bool:
    return token[:1].isdigit()

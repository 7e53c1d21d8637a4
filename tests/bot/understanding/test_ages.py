from __future__ import annotations

import pytest

from bot.understanding.ages import OwnAge, find_age, find_own_age

# Sentences by the age that their writer has now, separated by |; None where the text does not say it.
SENTENCES: dict[int | None, str] = {
    15: (
        "jag är 15|15 år|femton|im 14yo no wait im 15|am 15 ani|I'm fifteen|ja e 15 o vet inte"
        "|hej jag är en tjej på... jag är 15|jag är 15 år gammal|15 yo. help"
        "|han är 40 jag är 15 vi har sex|han vet att jag är femton men"
        "|när jag var med honom var jag 14, jag är 15 nu|jag och min kompis är 15 och har träffat"
        "|me and my bff (both 15) got money|imi da vape si haine daca fac chestii cu el, am 15"
        "|colega mea de clasă și cu mine mergem la un bărbat, avem amândouă 15"
        "|15 ani, unul mi-a luat telefon nou|kan man få prata med nån om man är 15 och har sålt sex"
        "|turning 16 next week|jag fyller 16 i sommar|am cinspe ani|my bf is 30 and im 15"
        "|jag är 15-åring|im a 15 yr old boy"
        "|He said he loves me but i must be with his friends. I'm fifteen|cincisprezece"
    ),
    16: (
        "är 16, har haft sex|får jag sugardejta om jag är 16?|jag bor i familjehem och är 16, smyger"
        "|jag är pojke, 16, och män|jag 16 år, kommer från|har sålt sen jag var 14, nu är jag 16 och"
        "|I am 16 and I sell|Im sixteen|i was 14 when it started and im 16 now|i am a 16 year old boy"
        "|I said I was 18 but I'm 16|i have 16 years, i come alone|I'm a teenager, 16, and|am 16 ani"
        "|16 ani, baiat, ma intalnesc|am șaisprezece ani|am zis ca am 19 dar de fapt am 16"
        "|fata de 16 ani, sugar dating|eu am 16 ani|prietenul meu de 22 ma pune sa merg, eu am 16"
        "|am facut asta la 15, anul asta fac 17"
    ),
    17: (
        "jag är 17 år|har onlyfans fast jag är 17|när man är 17|jag fyller arton om ett halvår"
        "|17 år. säljer sex. hjälp|ensamkommande kille 17 år, jag måste|jag är icke-binär och 17, dejtar"
        "|I turn 18 in four months|I'm 17, is it illegal|i sell nudes, im 17|fac 18 la vara|am 17 ani și"
        "|am inceput la 14, acum am 17|nu-s adult inca, am 17, pot|turned seventeen"
        "|i didnt tell them my age, im 17, they think 20"
    ),
    31: (
        "I was 15 when it started, now I am 31|jag är 31|31 years old|am 31 de ani"
        "|treizeci si unu de ani|jag är trettioett år|I'm thirty-one|trettio ett år"
        "|jag är 31 och började när jag var 16|jag var 14 då, nu är jag 31"
        "|eram minora atunci, acum am 31 de ani|jag är en kvinna, 31 år|woman 31"
        "|am 31 de ani si fac asta de 10 ani|my age is 31|jag har fyllt 31"
    ),
    35: ("I am 35|im 35 and i sell sex|jag är 35 år och säljer|am treizeci și cinci de ani|I'm 35yo"),
    14: (
        "jag är bara 14|jag är ung, 14, och|jag är fjorton|im 14|im only 14"
        "|does it count if its just pics? im 14|14yo|am paisprezece ani|am paispe ani|I am 14 and idk"
    ),
    13: (
        "jag ar 13 ar och en vuxen|jag är tjej 13, skickat|he knows im only 13|hi im 13 and|am 13 ani si|am doar 13 ani"
    ),
    12: ("jag är tolv|jag är 12|im 12 and i sent"),
    52: ("jag är 52, förlorat frun"),
    28: ("am 28 de ani și mă îndrăgostesc doar de copii de 11-12 ani|28 here. selling since my divorce... im 28"),
    40: ("cand eram mica m-a abuzat tata vitreg, acum am 40 de ani"),
    45: ("how can I stop being interested in teenagers, I'm 45"),
    19: ("jag är 19 och tänder på 11-12-åringar|I'm 19 and I meet guys"),
    24: ("I am 24, a guy, and"),
    42: ("i am 42 years old woman"),
    None: (
        "min dotter är 15|my daughter is 14|dotter 15 år|fiica mea are 15 ani|15 years ago|i 15 år"
        "|för 15 år sedan|500 kr|15 kr|kl 15|de 15 ani fac asta|acum 15 ani|hon är 16|he is 17"
        "|ea are 16 ani|she said she was 18 but she was 15|jag köpte sex av någon som var 16"
        "|I bought sex from someone who was 16|en 15-åring|a 16 year old girl|jag har sålt i 10 år"
        "|I have been selling for ten years|15 minuter|jag är 15 minuter sen|im 20 minutes late|over 18"
        "|jag är över 18|under 18|I was 15|jag var 15|aveam 15 ani|när jag var 15"
        "|i was 15 when it started|im not 18 yet|jag är inte 18|nu am 18 inca"
        "|hur gammal måste man vara? 18|112|bus 15|15 mars|le 15:30|vi är 12 tjejer|we are 12 girls"
        "|jag har 15 kunder|am 15 clienti|am 20 de lei"
        "|baiatul cu care m-am vazut pe bani mi-a zis dupa ca are 15 ani"
        "|i-am dat bani unei fete de 17 ani|tjej på 17 år behöver hjälp|vår dotter på 22 har flyttat"
        "|jag är mamma till en 15-åring|I work with a 15 year old|my son turned 15|min son fyllde 16"
        "|fiul meu a implinit 15 ani|m-au maritat la 15|sexual feelings for boys of 12"
        "|jag fick 15 års fängelse|he has 20 years more than me|10 000 kr|1000|Stockholm|20 % rabatt"
        "|I met a girl online, she's 14, I know|pensionat 12|i 2 år|15 years of abuse|nyss 20 personer"
        "|jag bor på gatan 15|jag har en kompis som är 16|I have a friend who is 16"
        "|min kompis är 16 och säljer|am o prietena care are 16 ani|sunt profesor, eleva mea are 14 ani"
        "|jag är lärare, min elev är 14"
    ),
}


CASES = [(text, age) for age, texts in SENTENCES.items() for text in texts.split("|")]


@pytest.mark.parametrize(("text", "age"), CASES, ids=[text for text, _ in CASES])
def test_own_present_age(text: str, age: int | None) -> None:
    assert find_age(text) == age


def test_every_age_in_digits_and_words() -> None:
    words = {
        "sv": {8: "åtta", 18: "arton", 21: "tjugoett", 22: "tjugo två", 45: "fyrtiofem", 99: "nittionio"},
        "en": {8: "eight", 18: "eighteen", 21: "twenty-one", 22: "twenty two", 45: "fortyfive", 99: "ninety-nine"},
        "ro": {8: "opt", 18: "optsprezece", 21: "douăzeci și unu", 45: "patruzeci și cinci", 99: "nouăzeci și nouă"},
    }
    frames = {"sv": "jag är {} år", "en": "I am {} years old", "ro": "am {} ani"}
    for language, frame in frames.items():
        for age in range(8, 100):
            assert find_age(frame.format(age)) == age
        for age, word in words[language].items():
            assert find_age(frame.format(word)) == age, word


@pytest.mark.parametrize(
    "text", ["jag är 7", "jag är 100", "I am 3 years old", "am 150 de ani", "", "?", "år", "jag är"]
)
def test_what_is_no_age_of_a_writer(text: str) -> None:
    assert find_age(text) is None


def test_a_bare_number_is_an_age_but_not_an_explicit_one() -> None:
    assert find_own_age("15") == OwnAge(15, explicit=False)
    assert find_own_age("femton!") == OwnAge(15, explicit=False)
    assert find_own_age("jag är 15") == OwnAge(15, explicit=True)

"""Which of Snowball's languages a text is in, told by its commonest words. The lists are short on purpose: they need to
tell languages apart, not to name every common word.
"""

from collections import Counter
from collections.abc import Set as AbstractSet

_COMMON = {
    "english": "the of and to in is you that it for was on are with your this have from be at or by not we please",
    "german": "der die und das ist nicht ein eine zu mit sie ihre auf für den von im wir haben bei sind ich auch",
    "french": "le la les des et est vous pour dans une sur votre avec nous pas que au du ce sont être cette avez",
    "spanish": "el la los las de que y en un una por con para su es del se lo como más está usted esta",
    "portuguese": "o os as de que e em um uma para com não por seu sua é do da no na você mais está pelo",
    "italian": "il lo gli di che e un una per con non del della sono è nel più questo questa alla suo come",
    "dutch": "de het een en van is dat niet op te zijn voor met je uw wij aan ook bij naar deze wordt",
    "swedish": "och att det som en är för på av med till den inte har du ett vi om din från",
    "danish": "og at det som en er for på af med til den ikke har du et vi om din fra jeg kan",
    "norwegian": "og at det som en er for på av med til den ikke har du et vi om din fra jeg kan eller",
    "finnish": "ja on ei se että oli hän mutta ovat tai kun myös sinun olet voit jos niin ole meidän",
    "estonian": "ja on ei see et oli kui ka või teie meie mis selle ning aga olete saab palun kõik",
    "hungarian": "a az és hogy nem is egy van meg ez de volt csak kell vagy már még ön ha lesz",
    "romanian": "și în de la cu nu este pe un o că pentru din sunt mai care prin dumneavoastră acest sau",
    "polish": "i w na nie się z do to że jest o jak za po dla przez są oraz lub twoje od ten",
    "czech": "a se v na je že s z do o to jsou jako pro ale za by při být nebo vaše jsme také",
    "catalan": "el la els les de que i en un una per amb no és del al seva més aquest aquesta són dels",
    "basque": "eta da ez bat du dira zen izan dute baina hau ere zure egin duen dago gure beste",
    "irish": "an na agus ar is le go i sa tá do bhí nach mar seo faoi ach sé tú raibh",
    "lithuanian": "ir yra kad į su ne iš bet kaip jūsų mūsų tai buvo ar už dėl prie arba gali",
    "turkish": "ve bir bu için ile de da çok daha olarak gibi olan en ne değil siz sizin veya kadar",
    "indonesian": "yang dan di untuk dengan ini dari tidak anda pada adalah akan itu dalam kami atau ke telah",
    "esperanto": "la kaj de en estas al ne mi por ke vi kun ĝi sed ili kiu via estis tiu aŭ",
    "sesotho": "ke le ho ea ba ka ha mo tsa oa hore empa kapa hae bona mme bakeng",
    "russian": "и в не на что с как это по из вы для от за но мы ваш или был у к так",
    "serbian": "и је у да се на за су не од са као или али ово смо који вас још i je u da se na su od sa kao",
    "greek": "και το να η του της με για από την στο είναι που δεν τα οι σας θα ο τον",
    "armenian": "և է որ են մի այս ու ին համար հետ չի եմ նա ձեր բայց կամ այդ",
    "arabic": "في من على إلى أن هذا هذه التي الذي عن مع كان لا ما أو هو هي لم قد ثم",
    "persian": "و در به از که این را با است برای آن یک خود تا بر شما می های شده نیست",
    "hindi": "के है में की और को से का पर यह कि नहीं आप हैं लिए एक था ने इस",
    "nepali": "र छ मा को यो पनि लागि गर्न हो भने तपाईं एक हुन्छ छन् थियो गरेको ले",
    "tamil": "ஒரு இந்த மற்றும் என்று அந்த உங்கள் இது அவர் நான் என்ற உள்ள என அது நீங்கள்",
    "yiddish": "און איז די דער פון אין צו דאס נישט מיט האט ער זיי איך אויף אז פאר",
}
LANGUAGES = tuple(_COMMON)
"""Every language that is told apart, by Snowball's name."""

_MOST_WORDS = 400
"""Of a text, looked at."""
_BY_SCRIPT = (
    ("\u0370", "\u03ff", "greek"),
    ("\u0400", "\u04ff", "russian"),
    ("\u0530", "\u058f", "armenian"),
    ("\u0600", "\u06ff", "arabic"),
    ("\u0900", "\u097f", "hindi"),
    ("\u0b80", "\u0bff", "tamil"),
)


def _by_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for language, words in _COMMON.items():
        for word in dict.fromkeys(words.split()):
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}


_BY_WORD = _by_word()
_WORDS = frozenset(_BY_WORD)


def language_of(words: AbstractSet[str]) -> str:
    """The language most of whose commonest words are among these (lower case, accents kept); else one of the script.

    Languages that share as many go by the order of the table, so that the same words always give the same answer.
    """
    common = _WORDS & words
    if not common:
        return _of_script(words)
    counts = Counter(language for word in common for language in _BY_WORD[word])
    return max(LANGUAGES, key=counts.__getitem__)


def _of_script(words: AbstractSet[str]) -> str:
    counts = Counter(
        language
        for word in sorted(words)[:_MOST_WORDS]
        for low, high, language in _BY_SCRIPT
        if low <= word[:1] <= high
    )
    return max(counts, key=lambda language: (counts[language], language)) if counts else "english"

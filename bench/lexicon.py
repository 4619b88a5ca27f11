"""The words of made-up mailboxes: eight languages with the frequencies of real text, and words whose share is known.

Languages have their own commonest words, so that they are told apart, and invented ones with their own syllables.
"""

import functools
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

VOCABULARY = 30_000
_SEED = "lexicon"


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """What a language is put together from. `share` is how much of the mail is written in it."""

    share: float
    common: str
    onsets: str
    vowels: str
    endings: str
    is_spaced: bool = True


LANGUAGES = {
    "english": Language(
        share=0.5,
        common="the to and of you your a for in is this we that with our it on be are have from as at will not by",
        onsets="b br c ch cl d f fl g gr h l m n p pl pr r s sh st t th tr v w",
        vowels="a e i o u ea ou ai",
        endings=" s ed ing er ly tion ment ness al",
    ),
    "german": Language(
        share=0.2,
        common="die der und Sie in zu den das mit von für auf ist nicht Ihre ein wir eine im bei haben auch sind",
        onsets="b bl d dr f fr g gl h k kl l m n p r s sch schl st t w z",
        vowels="a e i o u ei au ü ö ie",
        endings=" en er ung ungen heit keit lich e es isch",
    ),
    "french": Language(
        share=0.1,
        common="de la le vous et les des votre pour en à un une dans que est sur nous avec au par plus pas ce",
        onsets="b br c ch d f g gr j l m n p pl pr qu r s t tr v",
        vowels="a e i o u é è ai eau ou",
        endings=" s er é ée tion ment eur euse ité elle",
    ),
    "spanish": Language(
        share=0.08,
        common="de la que el en y a los su con para tu un por una las se del no más es te lo",
        onsets="b c ch d f g j l ll m n p pl r s t tr v",
        vowels="a e i o u ia ie ue",
        endings=" s ar ado ción mente idad o a os as",
    ),
    "dutch": Language(
        share=0.04,
        common="de het een en van je in op is voor met dat uw niet zijn te aan bij ook wij naar",
        onsets="b d g gr h k l m n p r s sch st t v w z",
        vowels="a e i o u aa ee oe ij ui",
        endings=" en er ing heid lijk je s t",
    ),
    "italian": Language(
        share=0.03,
        common="di il la che e per un in con non tuo una i del da al è le si dei",
        onsets="b c ch d f g gl l m n p pr r s st t tr v",
        vowels="a e i o u ia io",
        endings=" o a i e zione mente are ato ità",
    ),
    "russian": Language(
        share=0.03,
        common="и в на вы не с для ваш по что от за мы из это к как или можно у",
        onsets="б в г д ж з к л м н п пр р с ст т ч ш",
        vowels="а е и о у я",
        endings=" ы ов ами ение ость ный ая ть",
    ),
    "japanese": Language(
        share=0.02,
        common="の は を に が ます です した ご お 注文 送料 商品 確認 登録 会員 情報 東京 日本 案内",
        onsets="新 大 小 中 高 安 電 水 花 山 海 本 書 車 道 店 家 食 音 光",
        vowels="品 物 者 所 式 機 器 地 方 面 語 文 字 力 心 手 目 口",
        endings=" の は を に が と で",
        is_spaced=False,
    ),
}


@functools.cache
def vocabulary(language: str) -> tuple[str, ...]:
    """The language's words, the commonest first."""
    made = LANGUAGES[language]
    rng = random.Random(_SEED + language)
    parts = made.onsets.split(), made.vowels.split(), made.endings.split(" ")
    found = dict.fromkeys(made.common.split())
    while len(found) < VOCABULARY:
        found[_invented(rng, *parts)] = None
    return tuple(found)


@functools.cache
def weights() -> tuple[float, ...]:
    """How often the words of a vocabulary come, summed up from the first (Zipf's law)."""
    return tuple(itertools.accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))


def _invented(rng: random.Random, onsets: list[str], vowels: list[str], endings: list[str]) -> str:
    syllables = "".join(rng.choice(onsets) + rng.choice(vowels) for _ in range(rng.choice((1, 2, 2, 3))))
    return syllables + rng.choice(onsets)[:1] + rng.choice(endings)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Words of one popularity: `share` is the part of the messages that has each at a time, 0 the oldest to 1."""

    words: tuple[str, ...]
    share: Callable[[float], float]


def _constant(share: float) -> Callable[[float], float]:
    return lambda _time: share


def _between(first: float, last: float, share: float) -> Callable[[float], float]:
    return lambda time: share if first <= time < last else 0.0


MARKS = {
    "half": Mark(words=("quandel", "brivostan", "melkorin"), share=_constant(0.5)),
    "tenth": Mark(words=("tarvisol", "jenquist", "orlabeen"), share=_constant(0.1)),
    "hundredth": Mark(words=("wexomar", "pilgrath", "sundelk"), share=_constant(0.01)),
    "thousandth": Mark(words=("krovinal", "zebrunta", "hapiluk"), share=_constant(0.001)),
    "rare": Mark(words=("ylvantor", "mogresk", "dubriane"), share=_constant(0.00001)),
    "old": Mark(words=("castelum", "vorbinda", "fenrolak"), share=_between(0.05, 0.3, 0.4)),
    "old tenth": Mark(words=("gastrivel", "lumokand", "pertuzal"), share=_between(0.1, 0.3, 0.1)),
    "gone": Mark(words=("norvekan", "silbrath", "utamolin"), share=_between(0.0, 0.6, 0.2)),
    "recent": Mark(words=("bexolune", "trivakor", "amsandel"), share=_between(0.97, 1.0, 0.3)),
}
"""Words that no language has. A message may have any of them."""

ASIDE = (("jostavel", "runkemar"), 0.3)
"""Two common words of which a message has one at most."""
WITHIN = (("plenturio", "gravolis"), 0.3, 0.00002)
"""Every message with the first word has the second too, but for that share of them."""
PHRASE = (("silver", "compass"), 0.0005, 0.02)
"""Two words: the share of messages where they stand together, and where they stand apart."""

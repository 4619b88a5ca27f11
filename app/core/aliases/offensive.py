"""Words that nothing made at random may hold, also where digits stand for letters or parts meet. Pure.

Stems, matched anywhere: a harmless name that happens to hold one is drawn again, which costs nothing.
"""

from itertools import islice, product

_STEMS = frozenset(
    # English
    "anal anus arse ass bastard bimbo bitch blowj bollock boner boob bugger bukkake butt cock coon crap cum cunt "
    "damn dick dildo dyke ejac fag fck felch fellat fetish fist fkn fuc fuk gay goatse gook gyp hentai hitler homo "
    "horny incest jerk jew jizz kike kill kkk klan knob kys labia lesb lezz lolita milf molest moron murder nazi "
    "negro nigg nipple nude nympho orgasm orgy paki pedo penis pimp piss poon poop porn prick pube pussy queef rape "
    "rapist rectum retard scat schlong screw scrotum semen sex shag shit shyt skank slag slave slut smegma smut spic "
    "spunk stfu suck tard terror tit tosser tranny turd twat vagin vomit vulva wank wetback whore wtf xxx "
    # German, French, Spanish, Italian, Portuguese, Dutch, Polish, Turkish
    "arsch fick fotze huren hure kacke kanake kotz muschi neger nutte pimmel scheiss schlampe schwuchtel titte "
    "wichs bordel bougnoul chatte chier connard couille cul enfoir foutre merde nique pede putain salope zizi cabron "
    "chinga cojon culo joder maricon mierda pendej puta verga zorra cazzo coglion frocio minchia puttan stronz "
    "vaffan buceta caralho foda merda porra viado hoer klote kanker neuk chuj cipa dupa jebac kurw pizd siktir "
    "orospu".split()
)
_LOOKS = {
    "0": "o",
    "1": "il",
    "2": "z",
    "3": "e",
    "4": "a",
    "5": "s",
    "6": "bg",
    "7": "t",
    "8": "b",
    "9": "g",
}
_CODES = ("1488", "14-88", "88-88")
_MOST_READINGS = 256
"""Of one text; only one with more than eight ones and sixes has more."""


def is_offensive(text: str) -> bool:
    """Whether a local part in lower case holds one of the words, digits read as the letters they look like."""
    letters = [_LOOKS.get(char, char) for char in text if char.isalnum()]
    readings = ("".join(reading) for reading in islice(product(*letters), _MOST_READINGS))
    return any(code in text for code in _CODES) or any(stem in reading for reading in readings for stem in _STEMS)

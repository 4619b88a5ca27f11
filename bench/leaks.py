"""`python -m bench.leaks`: how well leak marks are judged, on made-up correspondence whose leaks are known.

Two generators that share neither names nor rules: the judgement was tuned on `workshop` alone, and what the docs tell
is measured on `field`. The same seed gives the same correspondence.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.core.senders.kinship import is_shared
from app.core.senders.leaks import Correspondence, Place, judge

ALIASES = 4000
_FIRST_DAY = date(2024, 1, 1)
_ESPS = ("sendgrid.net", "mcsv.net", "amazonses.com", "klaviyomail.com", "mailgun.org", "rsgsv.net")
_PROVIDERS = ("gmail.com", "outlook.com", "web.de", "yahoo.com", "gmx.net", "icloud.com")


@dataclass(kw_only=True, slots=True)
class Case:
    """One alias, everybody who wrote to it, and those of them who have the address by a leak."""

    place: Place
    kind: str
    heard: list[Correspondence] = field(default_factory=list)
    leaks: set[str] = field(default_factory=set)

    def add(  # noqa: PLR0913, RUF100 - one fact each
        self,
        organisation: str,
        day: int,
        count: int,
        *claims: str,
        is_leak: bool = False,
        is_bounce: bool = False,
        is_answer: bool = False,
    ) -> None:
        """Somebody who begins to write on that day of the alias's life; who wrote already only writes more."""
        if any(one.organisation == organisation for one in self.heard):
            return
        self.heard.append(
            Correspondence(
                organisation=organisation,
                claims=frozenset(claims) - {organisation},
                first_on=self.place.made_on + timedelta(days=day),
                message_count=max(1, count),
                is_expected=False,
                is_bounce=is_bounce,
                is_answer=is_answer,
            )
        )
        if is_leak:
            self.leaks.add(organisation)


Generator = Callable[[random.Random], Case]


def workshop(rng: random.Random) -> Case:
    """Shops of made-up names, each alias drawn by itself from shares of what can happen to it."""
    brand = _syllables(rng, rng.randint(2, 3))
    shop = f"{brand}.{rng.choice(('com', 'de', 'co.uk', 'io', 'fr'))}"
    known = rng.choices(("site", "words", "nothing"), (55, 25, 20))[0]
    case = _case(rng, known, shop, brand)
    _shop_mail(rng, case, shop, brand)
    _shop_helpers(rng, case)
    if known == "nothing" and rng.random() < 0.4:
        case.kind = "many purposes"
        for _ in range(rng.randint(2, 8)):
            case.add(f"{_syllables(rng, 3)}.com", rng.randint(3, 500), rng.randint(1, 40))
    elif rng.random() < 0.15:
        leaked_on = rng.randint(20, 600)
        for _ in range(rng.randint(1, 15)):
            day = leaked_on + int(rng.expovariate(1 / 60))
            stranger = _stranger(rng, brand)
            claims = [rng.choice(_ESPS)] if rng.random() < 0.3 else []
            claims += [shop] if rng.random() < 0.03 else []
            case.add(stranger, day, int(rng.expovariate(1 / 3)) + 1, *claims, is_leak=True)
    return _in_order(case)


def _shop_mail(rng: random.Random, case: Case, shop: str, brand: str) -> None:
    """The shop under its own names, and under others that are its own, too."""
    sends_as = rng.choices(("itself", "suffix", "affix", "claimed", "other", "service"), (62, 12, 10, 8, 2, 6))[0]
    first = 0 if rng.random() < 0.85 else rng.randint(1, 20)
    if sends_as != "service" or rng.random() < 0.5:
        case.add(shop, first, int(rng.expovariate(1 / 25)) + 2)
    later = 0 if rng.random() < 0.4 else rng.randint(1, 300)
    affix = rng.choice(("mail", "news", "email", "shop", "newsletter", "service", "team", "offers"))
    if sends_as == "suffix":
        case.add(f"{brand}.{rng.choice(('net', 'eu', 'at', 'pl', 'info'))}", later, rng.randint(1, 20))
    elif sends_as == "affix":
        name = rng.choice((f"{brand}-{affix}", f"{affix}-{brand}", f"{brand}{affix}", f"{affix}.{brand}"))
        case.add(f"{name.rpartition('.')[2]}.com", later, rng.randint(1, 30))
    elif sends_as == "claimed":
        case.add(f"{_syllables(rng, 3)}.com", later, rng.randint(1, 30), shop)
    elif sends_as == "other":
        case.add(f"{_syllables(rng, 3)}.com", later, rng.randint(1, 30))
    elif sends_as == "service":
        case.add(rng.choice(_ESPS), first, rng.randint(1, 30), shop)


def _shop_helpers(rng: random.Random, case: Case) -> None:
    """Those who work for the shop, known to many or to few, a person's own mailbox, a bounce."""
    for partner in ("dhl.com", "paypal.com", "trustpilot.com", "zendesk.com", "klarna.com", "docusign.net"):
        if rng.random() < 0.08:
            case.add(partner, rng.randint(0, 200), rng.randint(1, 4))
    if rng.random() < 0.05:
        partner = f"{_syllables(rng, 2)}desk.com"
        case.add(partner, rng.randint(0, 200), rng.randint(1, 3), is_answer=rng.random() < 0.7)
    if rng.random() < 0.15:
        case.add(rng.choice(_PROVIDERS), rng.randint(0, 300), rng.randint(1, 3))
    if rng.random() < 0.03:
        case.add(f"{_syllables(rng, 3)}.net", rng.randint(0, 300), 1, is_bounce=True)


def _stranger(rng: random.Random, brand: str) -> str:
    drawn = rng.random()
    if drawn < 0.12:
        return rng.choice(_PROVIDERS)
    if drawn < 0.17:
        return f"{brand}-{rng.choice(('security', 'verify', 'support', 'refund'))}.com"
    return f"{_syllables(rng, rng.randint(2, 4))}.{rng.choice(('com', 'top', 'xyz', 'shop', 'ru', 'click', 'biz'))}"


_WORDS = """
    acorn amber anchor apple arrow autumn badger bamboo basket beacon birch blanket blossom bolt bonsai book border
    bottle breeze brick bridge bright bubble butter cabin cactus camera candle canvas canyon carbon card castle cedar
    cherry circle cloud clover cobalt comet copper coral cosmos cotton crane crystal daisy delta desert dolphin domino
    drift eagle ember falcon feather fern flint forest fossil fox frost galaxy garden ginger glacier globe gold granite
    grove harbor hazel heron honey horizon ice indigo iris island ivory jade jasmine jungle kettle kite lantern laurel
    lemon lily linen lotus lunar magnet mango maple marble meadow mint mirror moon moss mountain nectar night north nova
    oak ocean olive opal orbit orchid otter owl palm panda paper peach pearl pebble pepper phoenix pine pixel planet
    plum polar pond poppy prairie prism quartz quill rabbit radar rain raven reef ribbon river robin rocket rose ruby
    saddle sage salt sand sapphire shadow shell silver sky slate snow solar spark spruce star stone storm summit sun
    swan thunder tiger timber topaz tulip tundra turtle valley velvet violet wave willow wind winter wolf zebra zen
""".split()
_TRADES = """
    air auto baby bank bike books care cars chef clinic coffee college craft dental design electronics estate eyewear
    fashion fit florist foods furniture games gear gym hardware home homes hostel hotels insurance kitchen labs law
    lighting loans market media mobile motors museum music optics
    outdoor outfitters paint parts pets pharmacy photo pizza press
    print radio realty records rental school shoes soft sports supply tea theatre tiles tools tours toys travel watches
    wear wine works yoga
""".split()
_SMALL_HELPERS = ("parcelo.io", "booklyne.app", "fitpay.eu", "formbeam.co", "meetfox.me", "voucherly.net")
_BIG_HELPERS = ("ups.com", "stripe.com", "eventbrite.com", "shopify.com", "calendly.com", "typeform.com", "usps.com")


def field_day(rng: random.Random) -> Case:
    """A life of an alias, event by event: signing up, the firm's mail, its changes of name and hands, breaches, sales
    of addresses, scraping. Names are of words, so that parts of one are found in others.
    """
    firm, name = _firm(rng)
    known = rng.choices(("site", "words", "nothing"), (40, 20, 40))[0]
    case = _case(rng, known, firm, name)
    if known == "nothing" and rng.random() < 0.5:
        case.kind = "many purposes"
        _private_life(rng, case, firm)
        return _in_order(case)
    _sign_up(rng, case, firm, name)
    _firm_changes(rng, case, firm)
    for _ in range(rng.choices((0, 1, 2, 4), (55, 25, 15, 5))[0]):
        _helper(rng, case)
    leak = rng.choices(("none", "breach", "sold", "scraped"), (82, 8, 6, 4))[0]
    if leak != "none":
        _leak(rng, case, firm, name, leak)
    return _in_order(case)


def _firm(rng: random.Random) -> tuple[str, str]:
    first, second = rng.choice(_WORDS), rng.choice((*_TRADES, *_WORDS))
    name = rng.choice((f"{first}{second}", f"{first}-{second}", f"the{first}{second}", first + rng.choice(_TRADES)))
    return f"{name}.{rng.choice(('com', 'org', 'net', 'nl', 'com.au', 'ca', 'se', 'app'))}", name


def _sign_up(rng: random.Random, case: Case, firm: str, name: str) -> None:
    """The confirmation, and everything that a firm sends regularly; often from more than one domain."""
    delay = rng.choices((0, rng.randint(1, 5), rng.randint(6, 90)), (85, 10, 5))[0]
    rate = rng.choice((2, 5, 12, 40, 150))
    case.add(firm, delay, int(rng.gauss(rate, rate / 3)))
    if rng.random() < 0.18:
        suffix = rng.choice(("eu", "us", "co", "dk", "be", "ch", "online"))
        case.add(f"{name}.{suffix}", rng.randint(0, 400), rng.randint(1, 30))
    if rng.random() < 0.14:
        word = rng.choice(("mail", "updates", "club", "hello", "members", "info", "marketing", "rewards", "mailings"))
        glued = rng.choice((f"{name}-{word}", f"{word}.{name}", f"{word}{name}", f"{name}{word}", f"e-{name}"))
        case.add(f"{glued.rpartition('.')[2]}.com", rng.randint(0, 400), rng.randint(1, 50))
    if rng.random() < 0.12:
        case.add(rng.choice(_ESPS), rng.randint(0, 100), rng.randint(1, 30), firm)


def _firm_changes(rng: random.Random, case: Case, firm: str) -> None:
    """It is renamed or bought. Mostly its mail still names the old domain somewhere; sometimes nothing does."""
    if rng.random() < 0.06:
        new, _ = _firm(rng)
        claims = [firm] if rng.random() < 0.75 else []
        case.add(new, rng.randint(60, 700), rng.randint(1, 40), *claims)
    if rng.random() < 0.07:
        sister, _ = _firm(rng)
        case.add(sister, rng.choice((0, 0, rng.randint(5, 400))), rng.randint(1, 15), *([firm] * (rng.random() < 0.7)))


def _helper(rng: random.Random, case: Case) -> None:
    """Parcels, payment, surveys, a person at the firm with a mailbox elsewhere, an automatic answer."""
    drawn = rng.random()
    if drawn < 0.6:
        case.add(rng.choice(_BIG_HELPERS), rng.randint(0, 400), rng.randint(1, 5))
    elif drawn < 0.65:
        case.add(rng.choice(_SMALL_HELPERS), rng.choice((0, rng.randint(1, 300))), rng.randint(1, 3))
    elif drawn < 0.9:
        case.add(rng.choice(_PROVIDERS), rng.randint(0, 500), rng.randint(1, 6))
    else:
        other, _ = _firm(rng)
        is_bounce = rng.random() < 0.5
        case.add(other, rng.randint(5, 300), rng.randint(1, 2), is_bounce=is_bounce, is_answer=not is_bounce)


def _leak(rng: random.Random, case: Case, firm: str, name: str, kind: str) -> None:
    """A breach brings many who write once or twice; a sale a few who write often; scraping some of both."""
    began = rng.randint(15, 700)
    count = {"breach": rng.randint(5, 40), "sold": rng.randint(1, 4), "scraped": rng.randint(1, 10)}[kind]
    for _ in range(count):
        day = began + rng.randint(0, 30 if kind == "breach" else 300)
        often = rng.randint(5, 60) if kind == "sold" else rng.randint(1, 4)
        drawn = rng.random()
        if drawn < 0.1:
            who = rng.choice(_PROVIDERS)
        elif drawn < 0.14:
            who = f"{name}-{rng.choice(('billing', 'login', 'wallet', 'winner', 'help'))}.{rng.choice(('top', 'info'))}"
        elif drawn < 0.6:
            who, _ = _firm(rng)
        else:
            letters = rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randint(5, 14))
            who = f"{'x'.join(letters[:1])}{''.join(letters[1:])}.{rng.choice(('icu', 'sbs', 'cfd', 'xyz', 'store'))}"
        claims = [rng.choice(_ESPS)] if kind == "sold" and rng.random() < 0.6 else []
        claims += [firm] if rng.random() < 0.02 else []
        case.add(who, day, often, *claims, is_leak=True)


def _private_life(rng: random.Random, case: Case, firm: str) -> None:
    """An address that was given to many: no mail to it is a leak that anybody could tell."""
    case.add(firm, rng.randint(0, 30), rng.randint(1, 60))
    for _ in range(rng.randint(2, 25)):
        other, _ = _firm(rng)
        case.add(other, int(rng.expovariate(1 / 150)), int(rng.paretovariate(0.9)))
    for provider in _PROVIDERS:
        if rng.random() < 0.4:
            case.add(provider, rng.randint(0, 500), rng.randint(1, 50))


def _case(rng: random.Random, known: str, domain: str, name: str) -> Case:
    words = frozenset({name, name.replace("-", "")} if known == "words" else {rng.choice(("misc", "quiet", "x7k2"))})
    place = Place(
        site=domain if known == "site" else "", words=words, made_on=_FIRST_DAY + timedelta(days=rng.randint(0, 300))
    )
    return Case(place=place, kind=known)


def _in_order(case: Case) -> Case:
    case.heard.sort(key=lambda one: one.first_on)
    return case


def _syllables(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(count)) + rng.choice("nrstl")


GENERATORS: dict[str, Generator] = {"workshop": workshop, "field": field_day}


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Counts of (alias, organisation). `unmarkable`: leaks by mail providers, which are never marked."""

    right: int
    wrong: int
    missed: int
    unmarkable: int

    @property
    def precision(self) -> float:
        """Of what was marked, how much was a leak."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Of the leaks, those by mail providers too, how many were marked."""
        leaks = self.right + self.missed + self.unmarkable
        return self.right / leaks if leaks else 1.0


def measure(name: str, *, seed: int, aliases: int = ALIASES) -> dict[str, Score]:
    """By kind of alias (what is known of its purpose), and `all`."""
    counts: Counter[tuple[str, str]] = Counter()
    for case in cases(name, seed=seed, aliases=aliases):
        marked = set(judge(case.place, case.heard))
        for one in case.heard:
            verdict = _verdict(one.organisation, case.leaks, marked)
            counts.update(((case.kind, verdict), ("all", verdict)))
    kinds = dict.fromkeys(kind for kind, _ in counts)
    return {
        kind: Score(**{verdict: counts[kind, verdict] for verdict in ("right", "wrong", "missed", "unmarkable")})
        for kind in kinds
    }


def cases(name: str, *, seed: int, aliases: int) -> Iterator[Case]:
    """The aliases of a generator."""
    rng = random.Random(seed)
    return (GENERATORS[name](rng) for _ in range(aliases))


def _verdict(organisation: str, leaks: set[str], marked: set[str]) -> str:
    if organisation in marked:
        return "right" if organisation in leaks else "wrong"
    if organisation not in leaks:
        return "quiet"
    return "unmarkable" if is_shared(organisation) else "missed"


def main() -> int:
    """Print the scores of both generators."""
    parser = argparse.ArgumentParser(prog="python -m bench.leaks", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--aliases", type=int, default=ALIASES)
    options = parser.parse_args()
    for name in GENERATORS:
        print(f"{name}: {options.aliases} aliases")
        for kind, score in measure(name, seed=options.seed, aliases=options.aliases).items():
            print(
                f"  {kind:14} precision {score.precision:6.3f}  recall {score.recall:6.3f}  right {score.right:5}  "
                f"wrong {score.wrong:4}  missed {score.missed:4}  by providers {score.unmarkable:4}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Prices: whole numbers of a currency's minor unit, as Stripe counts them, and how people write them. Pure."""

from decimal import Decimal, InvalidOperation

_WITHOUT_MINOR = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
"""Stripe's zero-decimal currencies."""
_BY_THOUSANDS = frozenset("bhd jod kwd omr tnd".split())
_OTHERS = frozenset(
    """aed afn all amd aoa ars aud awg azn bam bbd bdt bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc cve czk
    dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak
    lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar
    ron rsd rub sar sbd scr sek sgd shp sle sos srd szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd xcg yer
    zar zmw""".split()
)
"""The rest of ISO 4217 that Stripe takes; it counts them all in hundredths."""
_CURRENCIES = _WITHOUT_MINOR | _BY_THOUSANDS | _OTHERS
NOT_A_CURRENCY = "Give the three letters of a currency that Stripe takes, as in EUR."
MOST = 99_999_999
"""Stripe takes at most eight digits."""


def currency_of(text: str) -> str | None:
    """ISO 4217's three letters of a currency that Stripe takes, as it writes them; None for anything else."""
    code = text.strip().lower()
    return code if code in _CURRENCIES else None


def digits(currency: str) -> int:
    """How many stand after the point."""
    if currency in _WITHOUT_MINOR:
        return 0
    return 3 if currency in _BY_THOUSANDS else 2


def amount_of(text: str, currency: str) -> int | None:
    """`12.50` as minor units; None for what is no amount from 1 to `MOST`."""
    try:
        value = Decimal(text.strip().replace(",", ".")).scaleb(digits(currency))
    except InvalidOperation:
        return None
    if not value.is_finite() or not 1 <= value <= MOST or value != value.to_integral_value():
        return None
    return int(value)


def plain(amount: int, currency: str) -> str:
    """`12.50`: what `amount_of` reads."""
    return f"{Decimal(amount).scaleb(-digits(currency)):.{digits(currency)}f}"


def shown(amount: int, currency: str) -> str:
    """`12.50 EUR`."""
    return f"{plain(amount, currency)} {currency.upper()}"

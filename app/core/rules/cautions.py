"""Who owns a domain, by the public suffix list, and which domains too many people share to be blocked lightly. Pure.

The list comes with the library; nothing is fetched.
"""

from functools import cache
from typing import Literal

from publicsuffixlist import PublicSuffixList

Caution = Literal["mail_provider", "sending_service", "public_suffix"]
"""Why a rule about a whole domain may meet more senders than its owner thinks."""

_MAIL_PROVIDERS = frozenset(
    """
    126.com 163.com abv.bg aleeas.com alice.it anonaddy.com anonaddy.me aol.com att.net bigpond.com bk.ru bluewin.ch
    bol.com.br btinternet.com centrum.cz chello.nl comcast.net cox.net daum.net duck.com earthlink.net fastmail.com
    fastmail.fm free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hanmail.net hey.com
    home.nl hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it icloud.com inbox.lv inbox.ru
    interia.pl kpnmail.nl laposte.net libero.it list.ru live.co.uk live.com live.de live.fr live.nl mac.com mail.com
    mail.de mail.ee mail.ru mailbox.org mailfence.com me.com mozmail.com msn.com naver.com neuf.fr o2.pl onet.pl
    op.pl orange.fr outlook.com outlook.de outlook.es outlook.fr pm.me posteo.de posteo.net privaterelay.appleid.com
    proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com riseup.net rocketmail.com rogers.com
    sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca simplelogin.com sina.com sky.com slmail.me startmail.com
    sympatico.ca t-online.de telenet.be terra.com.br tiscali.it tuta.com tuta.io tutanota.com uol.com.br verizon.net
    videotron.ca virgilio.it virginmedia.com wanadoo.fr web.de wp.pl xs4all.nl ya.ru yahoo.ca yahoo.co.in
    yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net
    ymail.com ziggo.nl zoho.com
    """.split()
)
"""Where anybody can have an address."""
_SENDING_SERVICES = frozenset(
    """
    amazonses.com bounces.google.com brevo.com constantcontact.com createsend.com exacttarget.com hubspotemail.net
    intercom-mail.com klaviyomail.com mailchimpapp.net mailgun.net mailgun.org mailjet.com mandrillapp.com mcdlv.net
    mcsv.net messagingengine.com mktomail.com mtasv.net onmicrosoft.com postmarkapp.com rsgsv.net salesforce.com
    sendgrid.net sendinblue.com sparkpostmail.com substack.com zendesk.com
    """.split()
)
"""Who sends for many others, under an address of its own."""


def organisation(domain: str) -> str | None:
    """The domain in A-labels that one owner has registered: `shop.co.uk` of `mail.shop.co.uk`; None of a suffix."""
    return _suffixes().privatesuffix(domain)


def caution(domain: str) -> Caution | None:
    """What to say before a whole domain (in A-labels) is blocked or allowed."""
    if domain in _MAIL_PROVIDERS:
        return "mail_provider"
    if domain in _SENDING_SERVICES:
        return "sending_service"
    return "public_suffix" if organisation(domain) is None else None


@cache
def _suffixes() -> PublicSuffixList:
    """Reading the list takes 40 ms, so it waits until the first rule is looked at."""
    return PublicSuffixList()

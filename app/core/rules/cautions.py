"""Which domains too many people share to be blocked lightly, or to tell who has an address. Pure."""

from typing import Literal

from app.lib.suffixes import organisation

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
    activehosted.com amazonses.com aweber.com beehiiv.com bounces.google.com braze.com brevo.com brevosend.com
    campaign-archive.com ccsend.com cmail19.com cmail20.com constantcontact.com convertkit-mail.com
    convertkit-mail2.com createsend.com customeriomail.com emarsys.net emlnk.com exacttarget.com
    getresponse-mail.com ghost.io hs-send.com hubspotemail.net hubspotlinks.com infusionmail.com intercom-mail.com
    iterable.com kajabimail.net keap-link.com kit-mail.com klaviyomail.com list-manage.com list-manage1.com
    list-manage2.com mailchi.mp mailchimpapp.net mailerlite.com mailgun.net mailgun.org mailjet.com mandrillapp.com
    mcdlv.net mcsv.net messagebus.com messagingengine.com mktomail.com mlsend.com mtasv.net omnisend.com
    onmicrosoft.com outboundengine.com pardot.com postmarkapp.com rsgsv.net rsys2.com sailthru.com salesforce.com
    sendgrid.net sendinblue.com sendpulse.com sparkpostmail.com substack.com tinyletter.com zendesk.com
    """.split()
)
"""Who sends for many others, under an address of its own, or lets them say so in From, signatures or links."""


def caution(domain: str) -> Caution | None:
    """What to say before a whole domain (in A-labels) is blocked or allowed."""
    if domain in _MAIL_PROVIDERS:
        return "mail_provider"
    if domain in _SENDING_SERVICES:
        return "sending_service"
    return "public_suffix" if organisation(domain) is None else None

"""Organisations that everybody hears from through others, and names that belong together. Lists, and nothing else.

They keep the leak marks quiet where a stranger is none: a shop's parcels, payments, reviews and tickets come from
companies that work for many. Who is missing here costs a false mark, and the owner one click.
"""

PARTNERS = frozenset(
    """
    17track.net adyen.com affirm.com afterpay.com aftership.com atlassian.net auspost.com.au billpay.de bpost.be
    calendly.com canadapost.ca chargebee.com checkout.com chronopost.fr correos.es cybersource.com delighted.com dhl.com
    dhl.de docusign.com docusign.net dpd.co.uk dpd.com dpd.de eventbrite.com evri.com fastspring.com fedex.com
    feefo.com freshdesk.com gls-group.eu gls-group.com gls-pakete.de gocardless.com gorgias.com helpscout.net
    hermesworld.com inpost.pl intercom.io judge.me klarna.com klarna.de laposte.fr loox.io medallia.com
    meetup.com mollie.com mondialrelay.fr myhermes.de narvar.com okendo.io paddle.com parcellab.com paypal.com paypal.de
    postnl.nl poste.it qualtrics.com ratenkauf.de recurly.com returnly.com reviews.co.uk reviews.io royalmail.com
    seur.com shopify.com shopifyemail.com skyboxparcel.com squareup.com stamped.io stripe.com surveymonkey.com
    survey-monkey.com ticketmaster.com trackingmore.com trustedshops.com trustedshops.de trustpilot.com
    trustpilotmail.com typeform.com ups.com usps.com usps.gov verifone.com worldpay.com yotpo.com
    zohodesk.com
    """.split()
)
"""Parcels, payments, reviews, tickets, help desks, signatures, surveys."""

FAMILIES = tuple(
    frozenset(family.split())
    for family in (
        "amazon audible goodreads primevideo kindle amazonaws twitch zappos",
        "google youtube blogger nest fitbit waze",
        "facebook facebookmail meta metamail instagram whatsapp oculus messenger threads",
        "twitter x periscope",
        "microsoft microsoftonline office office365 skype xbox linkedin github bing azure windows",
        "apple icloud itunes beats",
        "booking agoda kayak priceline opentable rentalcars",
        "expedia hotels vrbo orbitz travelocity trivago hotwire ebookers",
        "ebay ebayclassifieds stubhub kleinanzeigen mobile gumtree",
        "adobe behance macromedia figma marketo",
        "atlassian trello bitbucket statuspage jira",
        "sony playstation sonyentertainmentnetwork sonypictures",
        "disney disneyplus espn hulu marvel",
        "nytimes newyorktimes thewirecutter theathletic",
        "ubereats uber postmates",
        "lieferando takeaway justeat just-eat thuisbezorgd",
        "deutschebahn bahn db",
        "telekom t-online magenta congstar",
        "zalando zalando-lounge zalando-prive",
        "hm hennes cos arket weekday monki",
        "steampowered valvesoftware steamcommunity",
        "autodesk fusion360 tinkercad",
        "intuit mailchimp turbotax quickbooks creditkarma mint",
        "salesforce slack tableau heroku",
        "spotify megaphone anchor",
        "medium medium-mail",
        "airbnb hoteltonight luckey",
        "tripadvisor viator thefork lafourchette",
    )
)
"""Names of one owner, as they stand before the public suffix."""

AFFIXES = frozenset(
    """
    account accounts alert alerts app apps at au bank be billing biz blog booking br business by ca card care cc ch clic
    click club cn co com communication communications community connect contact corp crm customer customers cz de deals
    dept digital direct dk e edm em email emails emailing en es eu event events express family fi fr from get global go
    group gmbh health help hk hello home hotels hq ie in inc info insider int international intl invoice it join jobs jp
    kr kundenservice kundeninfo learn letter letters limited link live llc lounge loyalty ltd m mag magazine mail mailer
    mailing mailings mails marketing media member members message messages messaging mkt mobile my mx net network news
    newsletter newsletters newsmail nl no noreply notice notification notifications notify now nz offer offers official
    on online order orders outlet partner partners pay payments pl platform play plus points post premium prime pro
    promo promotion promotions promos pt receipt receipts reise rewards ru sales se secure send sender sent service
    services sg shop shopping site social solutions store studio studios subscription subscriptions support survey
    surveys t team tech the ticket tickets to track tracking travel try tv uk update updates us web welcome world your
    """.split()
)
"""What companies put before or after their name when they register one more domain to send from."""

"""A few messages of ours to begin from: each has what the readers know something of."""

PLAIN = b"""From: =?utf-8?B?QWRhIExvdmVsYWNl?= <ada@example.org>
To: "Shop, the" <shop@restante.test>, list: a@b.example, c@d.example;
Cc: bob@example.org (Bob (the builder))
Subject: =?iso-8859-1?Q?Gr=FC=DFe?= =?iso-8859-1?Q?_aus_Wien?=
Date: Tue, 31 Mar 2026 12:00:00 +0200 (CEST)
Message-ID: <1@example.org>
In-Reply-To: <0@example.org>
References: <00@example.org> <0@example.org>

Hello,
> quoted
Bye
"""
ALTERNATIVE = b"""MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_out"
Subject: Re: [2]: your order

preamble
--=_out
Content-Type: multipart/alternative; boundary=in

--in
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: quoted-printable

Caf=C3=A9=
 at noon

--in
Content-Type: text/html; charset=windows-1252
Content-Transfer-Encoding: 8bit

<p>Caf\xe9 <img src="cid:logo@x"> at noon</p>
--in--
--=_out
Content-Type: image/png; name*=utf-8''%E2%82%AC.png
Content-ID: <logo@x>
Content-Disposition: inline; filename*0="a b"; filename*1*=%20c.png
Content-Transfer-Encoding: base64

iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9
awAAAABJRU5ErkJggg==
--=_out
Content-Type: message/rfc822

From: carol@example.org
Subject: inside

forwarded
--=_out
Content-Type: application/octet-stream
Content-Transfer-Encoding: x-uuencode
Content-Disposition: attachment; filename="=?utf-8?Q?na=C3=AFve.txt?="

begin 644 a.txt
%:&5L;&\\
`
end
--=_out--
epilogue
"""
BOUNCE = b"""Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

It did not arrive.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; a@b.example
Action: failed
Status: 5.1.1
--b
Content-Type: text/rfc822-headers

Subject: lost
--b--
"""
SIGNED = b"""Content-Type: multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha256; boundary=s

--s
Content-Type: text/plain; charset=iso-2022-jp

\x1b$B$3$s$K$A$O\x1b(B
--s
Content-Type: application/pgp-signature; name=signature.asc

-----BEGIN PGP SIGNATURE-----

iQ==
-----END PGP SIGNATURE-----
--s--
"""
CALENDAR = b"""BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Vienna
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20260301T120000Z
DTSTART;TZID=Europe/Vienna:20260331T120000
DURATION:PT1H30M
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY;LANGUAGE=en:Lunch\\, at
  noon
LOCATION:Caf\xc3\xa9
ORGANIZER;CN="Ada, L.":mailto:ada@example.org
ATTENDEE;PARTSTAT=NEEDS-ACTION;CN=Bob:mailto:bob@example.org
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""
INVITATION = (
    b"""Content-Type: multipart/alternative; boundary=i

--i
Content-Type: text/plain; charset=utf-7

+AGEAYg-
--i
Content-Type: text/calendar; method=REQUEST; charset=utf-8

"""
    + CALENDAR
    + b"--i--\n"
)
BARE = b"no header at all\n\n--b\nContent-Type: text/html\n\n<p>x"
BODY_IN_CUTS = (
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n"
    + b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n" * 8
    + b"QUI=\n--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
    + b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n" * 8
    + b"--b--\n"
)
MESSAGES = (PLAIN, ALTERNATIVE, BOUNCE, SIGNED, INVITATION, BARE, BODY_IN_CUTS)

HTML = (
    (
        b'<html><head><title>t</title><style type="text/css">@media (max-width:600px){td.x{width:100%!important}}'
        b"p{color:red;background:#fff url(//a.example/x.gif)}</style></head><body bgcolor=#eee class=y>"
        b"<table width=600><tr><td class=x style=\"padding:1px 2px;font:12px/1.5 'A B',serif\">Hi <b>there</b></table>"
        b'<a href="https://www.google.com/url?q=https%3A%2F%2Fb.example">https://c.example</a>'
        b'<img src="https://a.example/o.gif" width=1 height=1><img src="cid:logo" alt="Logo"></body></html>'
    ),
    (
        b"<svg><style><img src=x onerror=alert(1)></style></svg><math><mtext><table><mglyph><style><!--</style>"
        b'<img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">'
    ),
    b'<p style="width:calc(1px + 2%);color:rgb(1,2,3)!important;position:fixed;background:\\75rl(x)">a<!-- b --> c',
    (
        b"<form><input><select><option>1</select><template><script>x</script></template></form><noscript><p title="
        b'"</noscript><img src=x onerror=y>"></noscript>'
    ),
    b'<details open><summary>a</summary><a href="javascript:x">b</a><a href=" java\tscript:x">c</a></details>',
)
CSS = (
    b"p{color:red}body>table td.x:hover{width:100%!important}@media screen and (max-width:600px){.a{margin:0 auto}}",
    b"td[class='x y'],html,:root{background:url(//a.example/x) #fff;font:12px/1.5 \"A B\",serif}",
    b"a{background-image:linear-gradient(to right,rgba(1,2,3,.5),#fff 50%)}@import url(x);@font-face{src:url(y)}",
    b".sm\\:w-1\\/2{width:50%}p:nth-child(2n+1){}<!-- p{gap:0} --> @media (prefers-color-scheme:dark){*{color:#eee}}",
)

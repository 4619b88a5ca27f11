"""The words that stand around one-time codes, and around numbers that are none, as patterns over folded text."""

import re

from app.core.messages.folding import fold

_SPACED = re.compile(r"\s+")


def _pattern(words: str, *, before: str = r"(?<!\w)", after: str = r"(?!\w)") -> str:
    """Any of the words, commas between them; a space stands for white space or a hyphen, `*` for a word's end."""
    forms = []
    for word in (" ".join(part.split()) for part in words.split(",")):
        form = _SPACED.sub(r"[\\s-]{1,3}", re.escape(fold(word)).replace(r"\ ", " "))
        forms.append(rf"{form[:-2]}\w*" if form.endswith(r"\*") else form)
    return f"{before}(?:{'|'.join(sorted(forms, key=len, reverse=True))}){after}"


def _anywhere(words: str) -> str:
    """The same within longer words."""
    return _pattern(words, before="", after="")


# `…_ANYWHERE`: in scripts that do not part words, or that join endings and particles to them.
_CODES = """
    code, codes, passcode, pass code, otp, pin, pin code, tan, 2fa, mfa token, one time password, one time pass,
    login token, einmalpasswort, einmalkennwort, kennzahl, clave, clave de acceso, contraseña temporal, codigo,
    codigos, codice, codicele, senha, senha temporaria, palavra passe, mot de passe a usage unique, kod, kodu,
    kodunuz, kodunuzu, kode, kodem, kody, kodja, kodot, koden, koder, kodas, kods, koda, koodi, koodisi, kood, cod,
    codul, coduri, šifra, mã xác*, mã otp, mã là, mã đăng nhập, mã bảo mật, mã của bạn, код, кода, кодом,
    кодът, пароль, κωδικός, κωδικό, κωδικού
"""
_CODES_ANYWHERE = """
    验证码, 驗證碼, 校验码, 確認碼, 确认码, 認證碼, 认证码, 动态码, 動態碼, 动态密码, 安全码, 安全碼, 登录码,
    登入碼, 一次性密码, 一次性密碼, 代码, 代碼, コード, 認証番号, 確認番号, 暗証番号, ワンタイム, パスコード,
    인증번호, 인증 번호, 인증코드, 확인 코드, 확인번호, 코드, 비밀번호, รหัส, कोड, ओटीपी, رمز, كود, کد, קוד,
    סיסמה חד
"""
# `Bestätigungscode`, `engångskod`, `vahvistuskoodi`: other languages put the words together.
_COMPOUND = r"(?<!\w)\w{3,24}(?:code|kode|koden|kod|koodi|koodisi)(?!\w)"
_HINTS = """
    verify, verification, verify your*, confirm, confirmation, sign in, signing in, log in, login, logging in,
    authenticat*, two factor, two step, enter the number, enter this number, enter the following, bestätig*,
    anmeld*, verifizier*, vérifi*, confirm*, connexion, verific*, iniciar sesión, weryfik*, bekräft*, bekræft*,
    bekreft*, vahvist*, doğrula*, onayla*, подтверд*, подтверж*, підтверд*, вход, xác nhận, xác minh
"""
_HINTS_ANYWHERE = """
    验证, 驗證, 登录, 登入, 確認, 认证, 認証, ログイン, 인증, 로그인
"""
_OTHER_CODES = """
    exit code, return code, response code, to code, can code, who code, zip code, zip, post code, postcode,
    postal code, area code, country code, dialling code, dialing code, sort code, promo code, promotion code,
    promotional code, discount code, coupon code, voucher code, gift code, gift card code, offer code,
    referral code, invite code, invitation code, tracking code, booking code, reservation code, product code,
    item code, article code, error code, status code, source code, qr code, bar code, barcode, dress code,
    color code, colour code, code review, code of conduct, codes of conduct, code base, line of code,
    lines of code, piece of code, write code, writing code, code is poetry, use code, with code,
    enter code at checkout, rabattcode, rabatt code, gutscheincode, gutschein code, aktionscode, vorteilscode,
    promocode, freundescode, fehlercode, quellcode, postleitzahl, bankleitzahl, strichcode, code postal,
    code promo, code promotionnel, code de réduction, code avantage, code barre, code barres, código postal,
    código de descuento, código promocional, código de barras, código de rastreo, código de rastreamento,
    código de desconto, cupom, codice sconto, codice postale, codice fiscale, codice promozionale, kortingscode,
    kod rabatowy, kod pocztowy, rabatkode, rabattkod, rabattkode, alekoodi, alennuskoodi, postnummer, indirim kodu,
    posta kodu, mã giảm giá, промокод*, код скидки, код товара, pin it, pin board, pinterest
"""
_OTHER_CODES_ANYWHERE = """
    優惠碼, 优惠码, 优惠代码, 折扣码, 邮政编码, 郵遞區號, クーポンコード, プロモーションコード, 割引コード,
    郵便番号, エラーコード, 할인코드, 할인 코드, 쿠폰 코드, 우편번호
"""
_TRADE = """
    order*, booking, reservation, appointment, attendance, invoice, purchase, subscription, bestell*, buchung,
    rechnung, termin, commande, réservation, facture, pedido, reserva, factura, ordine, prenotazione, zamówieni*,
    sipariş*, заказ*
"""
_NUMBERED = """
    order, order no, order number, invoice, invoice no, invoice number, receipt, ticket, ticket number, case,
    case number, reference, reference number, ref, booking, booking number, reservation, customer number,
    customer no, customer id, account number, account no, account ending, member number, membership number,
    tracking number, parcel, shipment, policy number, article, item, sku, model, serial number, version, build,
    suite, box, p.o. box, po box, room, gate, flight, commit, revision, issue, pull request, seat, ending in,
    ending, ends in, ends with, last four, last 4, last four digits, last 4 digits, tel, telephone, phone, fax,
    mobile, call, call us, call us at, hotline, whatsapp, vat, vat no, hrb, hra, iban, bic, total, amount, price,
    bestellung, bestellnummer, rechnung, rechnungsnummer, auftrag, auftragsnummer, kundennummer, vorgangsnummer,
    ticketnummer, telefon, artikel, postfach, commande, facture, numéro de commande, numéro client, téléphone,
    pedido, número de pedido, factura, fatura, encomenda, teléfono, ordine, fattura, bestelling, bestelnummer,
    factuur, zamówienie, zamówienia, tilaus, tilausnumero, ordre, ordrenummer, ordernummer, sipariş, заказ, заказа,
    счет, телефон, nr, no, id, user id, since, established, copyright
"""
_NUMBERED_ANYWHERE = """
    订单号, 订单编号, 訂單編號, 订单, 注文番号, ご注文番号, お客様番号, 電話, 电话, 전화, 주문번호, 주문 번호
"""
_UNITS = """
    minutes, minute, mins, min, seconds, hours, days, weeks, years, points, miles, people, users, lines, customers,
    members, items, followers, employees, steps, words, characters, px, kb, mb, gb, km, kg, minuten, sekunden,
    stunden, tage, punkte, secondes, heures, jours, minutos, segundos, horas, días, usd, eur, gbp, chf, dollars,
    euros, euro, kr, sek, nok, dkk, pln, zł, czk, rub, руб*, минут*, секунд*, часов, tl, yen
"""

WORDS = re.compile(f"{_pattern(_CODES)}|{_anywhere(_CODES_ANYWHERE)}|{_COMPOUND}")
"""What says that a code stands near."""

HINTS = re.compile(f"{_pattern(_HINTS)}|{_anywhere(_HINTS_ANYWHERE)}")
"""What says that one might."""

OTHER_CODES = re.compile(_pattern(_OTHER_CODES, before=r"(?<![\w-])") + "|" + _anywhere(_OTHER_CODES_ANYWHERE))
"""Codes that are none of ours: taken out before others are looked for."""

TRADE = re.compile(_pattern(_TRADE))
"""What else is confirmed by mail, with numbers of its own."""

NUMBERED = re.compile(f"{_pattern(_NUMBERED)}|{_anywhere(_NUMBERED_ANYWHERE)}")
"""Directly before a number: what else it is the number of."""

UNITS = re.compile(rf"\s{{0,2}}(?:{_pattern(_UNITS, before='')}|[€$£¥₹₽₩%‰°円元원年])")
"""Directly behind a number: what it counts."""

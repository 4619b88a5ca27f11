import encodings
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.messages.charsets import decode, decode_html


@pytest.mark.parametrize(
    ("raw", "label", "text"),
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode(), ' "UTF8" ', "Grüße"),
        ("Grüße".encode(), "utf-8*de", "Grüße"),
        ("“quoted” €".encode("cp1252"), "iso-8859-1", "“quoted” €"),
        ("“quoted” €".encode("cp1252"), "windows-1252", "“quoted” €"),
        ("žluťoučký".encode("cp1250"), "windows-1250", "žluťoučký"),
        ("Привет".encode("cp1251"), "windows-1251", "Привет"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        ("Ґанок".encode("koi8-u"), "koi8-u", "Ґанок"),
        ("İstanbul “”".encode("cp1254"), "iso-8859-9", "İstanbul “”"),
        ("שלום".encode("iso8859-8"), "iso-8859-8-i", "שלום"),
        ("日本語".encode("iso2022_jp"), "iso-2022-jp", "日本語"),
        ("ﾊﾝｶｸ".encode("iso2022_jp_ext"), "ISO-2022-JP", "ﾊﾝｶｸ"),
        ("①日本".encode("cp932"), "shift_jis", "①日本"),
        ("日本語".encode("euc_jp"), "euc-jp", "日本語"),
        ("中文€㐀".encode("gb18030"), "gb2312", "中文€㐀"),
        ("中文".encode("gb18030"), "gb18030", "中文"),
        ("中文".encode("hz"), "hz-gb-2312", "中文"),
        ("繁體".encode("big5"), "Big5", "繁體"),
        ("똠방각하".encode("cp949"), "ks_c_5601-1987", "똠방각하"),
        ("똠방각하".encode("cp949"), "euc-kr", "똠방각하"),
        ("ภาษาไทย".encode("cp874"), "windows-874", "ภาษาไทย"),
        (b"caf\x8e", "macintosh", "café"),
        ("①㈱テスト".encode("cp932"), "windows-31j", "①㈱テスト"),
        ("香港啫嘅".encode("big5hkscs"), "big5", "香港啫嘅"),
        ("Grüße".encode("cp850"), "cp-850", "Grüße"),
        ("Grüße".encode("cp850"), "IBM-850", "Grüße"),
        ("Привет".encode("mac-cyrillic"), "x-mac-cyrillic", "Привет"),
        (b"Hi +AGEA4w-", "utf-7", "Hi aã"),
        ("Grüße".encode("utf-16"), "utf-16", "Grüße"),
    ],
)
def test_labels_are_read_as_their_senders_mean_them(raw: bytes, label: str, text: str) -> None:
    assert decode(raw, label) == text


@pytest.mark.parametrize("label", [None, "", "us-ascii", "x-unknown", "unknown-8bit", "nonsense", "utf-8", "x" * 5000])
def test_a_missing_or_wrong_label_is_guessed(label: str | None) -> None:
    assert decode("Grüße".encode(), label) == "Grüße"
    assert decode("Grüße €".encode("cp1252"), label) == "Grüße €"


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("koi8-r", "Привет, как дела? Это письмо без метки."),
        ("koi8-r", "<html><body><p>Здравствуйте, уважаемый клиент!</p></body></html>"),
        ("cp1251", "Привет, как дела? Это письмо без метки."),
        ("cp1251", "Ваш заказ отправлен"),
        ("cp1253", "Καλημέρα, η παραγγελία σας στάλθηκε"),
        ("cp932", "これは日本語のメールです。"),
        ("euc_jp", "これは日本語のメールです。"),
        ("iso2022_jp", "これは日本語のメールです。"),
        ("gb18030", "<html><body><p>您好，您的订单已经发货。</p></body></html>"),
        ("gb18030", "验证码"),
        ("big5", "您好，您的訂單已經出貨。"),
        ("cp949", "안녕하세요. 주문하신 상품이 발송되었습니다."),
    ],
)
@pytest.mark.parametrize("label", [None, "us-ascii", "iso-8859-1", "x-unknown"])
def test_other_scripts_are_told_by_their_bytes(codec: str, text: str, label: str | None) -> None:
    assert decode(text.encode(codec), label) == text


@pytest.mark.parametrize(
    "text", ["été à la carte", "ÄÄÄÄÄÄÄÄÄÄ", "“““quotes”””", "¡¡¡¡Olé!!!!", "»»»» ÜÄÖß ««««", "Übergröße", "€€€ 20"]
)
def test_western_text_stays_western(text: str) -> None:
    assert decode(text.encode("cp1252"), None) == text


@pytest.mark.parametrize(
    "head",
    [
        "<meta charset=windows-1250>",
        "<META http-equiv='Content-Type' content='text/html; charset=windows-1250'>",
        '<?xml version="1.0" encoding="windows-1250"?>',
    ],
)
def test_html_without_a_label_is_read_as_it_says_itself(head: str) -> None:
    html = f"<html><head>{head}</head><p>Příliš žluťoučký kůň</p>"
    assert decode_html(html.encode("cp1250"), None) == html
    assert decode_html(html.encode("cp1250"), "us-ascii") == html
    assert decode_html(html.encode(), None) == html
    assert decode_html(html.encode("iso8859-2"), "iso-8859-2") == html


def test_utf8_under_a_western_label_is_utf8() -> None:
    assert decode("Grüße".encode(), "iso-8859-1") == "Grüße"
    assert decode("Grüße".encode(), "windows-1252") == "Grüße"


def test_a_line_in_another_encoding_does_not_spoil_the_rest() -> None:
    """Mailing lists put their footers below what others wrote, and copies of long texts end in half a character."""
    assert decode("Grüße €\n".encode() + "Müller\n".encode("cp1252"), "utf-8") == "Grüße €\nMüller\n"
    assert decode("日本語".encode()[:-1], "utf-8") == "日本\N{REPLACEMENT CHARACTER}"


def test_the_label_wins_over_guessing_where_something_is_broken() -> None:
    assert decode("Привет".encode("cp1251") + b"\x98", "windows-1251") == "Привет\N{REPLACEMENT CHARACTER}"
    assert decode("日本".encode("iso2022_jp") + b"\xff", "iso-2022-jp").startswith("日本")


@pytest.mark.parametrize("label", ["iso-2022-jp", None])
def test_japanese_mail_holds_more_than_its_label_allows(label: str | None) -> None:
    assert decode(b"\x1b$B-!-j%F%9%H\x1b(B ok", label) == "①㈱テスト ok"
    assert decode(b"\x1b$B-!\r\n%F\r\n", label) == "①\r\nテ\r\n"
    assert decode(b"\x1b$B-!\x1b(IC=D\x1b(J ok", label) == "①ﾃｽﾄ ok"
    assert decode(b"\x1b$B-!\x1b(B" + "ü".encode(), label).startswith("①")


def test_utf8_under_a_label_that_cannot_read_it_is_utf8() -> None:
    assert decode("日本語".encode(), "iso-2022-jp") == "日本語"
    assert decode("Grüße".encode(), "utf-16") == "Grüße"


def test_lone_surrogates_never_come_out() -> None:
    assert decode(b"+2D0-x", "utf-7") == "\N{REPLACEMENT CHARACTER}x"
    assert decode(b"+2D3cAA-", "utf-7") == "\N{RAT}"
    assert decode(b"\xed\xa0\x80", "utf-8").isprintable() or decode(b"\xed\xa0\x80", "utf-8").encode()


@pytest.mark.parametrize(
    "label",
    "rot13 zip zlib bz2 hex base64 quopri uu idna punycode undefined unicode_escape raw_unicode_escape mbcs charmap "
    "aliases ../os utf-8\0 ütf-8".split(),
)
def test_codecs_that_are_no_character_sets_are_not_used(label: str) -> None:
    assert decode(b"a\\u0041=41", label) == "a\\u0041=41"
    assert decode(b"\xe9", label) == "é"


def test_labels_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's registry keeps every name it was asked for, so strangers may not choose the names."""
    cache: dict[str, object] = {}
    monkeypatch.setattr(encodings, "_cache", cache)
    for number in range(100):
        decode(b"\xff", f"made-up-{number}")
    assert not cache
    assert not any(name.startswith("encodings.made") for name in sys.modules)


@given(st.binary(max_size=200), st.one_of(st.none(), st.text(max_size=50), st.sampled_from(["utf-7", "hz", "utf-16"])))
def test_nothing_raises_and_everything_can_be_written(raw: bytes, label: str | None) -> None:
    decode(raw, label).encode()

"""Attachments by strangers' hands: whatever their names, labels and bytes, they are kept, never run and never short."""

import random
from email.message import EmailMessage

import httpx
import pytest
from litestar import Litestar

from app.core.messages import service as messages
from app.lib.times import utc_now
from app.web.headers import FILE_CSP
from tests.web.conftest import Browser, Owner, check_page

NOISE = random.Random(4).randbytes(700_000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
SCRIPT = b"<script>alert(1)</script>"
HARMLESS = {"application/octet-stream", "image/png", "image/gif", "application/pdf", "text/plain"}


def letter(*files: tuple[str, str, bytes]) -> bytes:
    """A message with (file name, content type, content) attached, named as RFC 2231 asks."""
    message = EmailMessage()
    message["From"] = "shop@shop.example"
    message.set_content("see below")
    for name, content_type, data in files:
        kind, _, subtype = content_type.partition("/")
        message.add_attachment(data, maintype=kind, subtype=subtype, filename=name)
    return message.as_bytes().replace(b"\n", b"\r\n")


async def links(ada: Owner) -> list[str]:
    line = await ada.newest()
    made = messages.attachment_links(ada.platform, ada.actor, line, now=utc_now())
    return [link.url.removeprefix(ada.platform.public_url) for link in made]


def check_file(response: httpx.Response) -> None:
    """What keeps a file from being run, framed, guessed at, read by other sites or kept in a cache."""
    headers = response.headers
    assert headers["content-security-policy"] == FILE_CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


HOSTILE = [
    ("a.svg", "image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
    ("a.html", "text/html", SCRIPT),
    ("a.xhtml", "application/xhtml+xml", SCRIPT),
    ("a.xml", "text/xml", SCRIPT),
    ("a.xsl", "application/xml", SCRIPT),
    ("a.js", "text/javascript", b"alert(1)"),
    ("a.hta", "application/hta", SCRIPT),
    ("a.swf", "application/x-shockwave-flash", b"FWS"),
    ("a.wasm", "application/wasm", b"\0asm"),
    ("picture.png", "image/png", SCRIPT),
    ("polyglot.gif", "image/gif", b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)"),
    ("polyglot.pdf", "application/pdf", b"%PDF-1.7\n" + SCRIPT),
    ("page.txt", "text/plain", SCRIPT),
    ("picture.html", "text/html", PNG),
]


async def test_whatever_it_says_it_is_it_is_kept_and_not_run(signed_in: Browser, ada: Owner) -> None:
    message_id = await ada.deliver(letter(*HOSTILE))
    for url, (name, content_type, _) in zip(await links(ada), HOSTILE, strict=True):
        for method in ("GET", "HEAD"):
            response = await signed_in.client.request(method, url)
            check_file(response)
            assert response.status_code == 200
            assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
            given = response.headers["content-type"].partition(";")[0]
            assert given in HARMLESS
            assert given in {content_type, "application/octet-stream"}
    for tail in ("", "?download=1"):
        source = await signed_in.get(f"/messages/{message_id}/source{tail}")
        check_file(source)
        assert source.headers["content-type"] == ("message/rfc822" if tail else "text/plain; charset=utf-8")
        assert ("content-disposition" in source.headers) is bool(tail)


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("C:\\Windows\\win.ini", 'attachment; filename="win.ini"'),
        ("nul.txt", 'attachment; filename="_nul.txt"'),
        ("invoice\u202efdp.exe", 'attachment; filename="invoicefdp.exe"'),
        ("invoice.pdf.exe", 'attachment; filename="invoice.pdf.exe"'),
        ("trailing.  .", 'attachment; filename="trailing"'),
        ("50 %.txt", "attachment; filename=\"50 _.txt\"; filename*=UTF-8''50%20%25.txt"),
        (
            "\u8acb\u6c42\u66f8.pdf",
            "attachment; filename=\"attachment.pdf\"; filename*=UTF-8''%E8%AB%8B%E6%B1%82%E6%9B%B8.pdf",
        ),
        ("..", None),
        ("a\r\nb.txt", None),
        ("\u8acb" * 300 + ".pdf", None),
    ],
)
async def test_names_do_no_harm_on_the_way_to_a_disk(
    signed_in: Browser, ada: Owner, name: str, disposition: str | None
) -> None:
    if "\n" in name:
        raw = letter(("x", "image/png", PNG)).replace(b'filename="x"', b"filename*=utf-8''a%0D%0Ab.txt")
    else:
        raw = letter((name, "image/png", PNG))
    await ada.deliver(raw)
    (url,) = await links(ada)
    response = await signed_in.get(url)
    assert response.content == PNG
    told = response.headers["content-disposition"]
    assert told.isascii()
    assert told.isprintable()
    assert len(told) < 800
    assert disposition is None or told == disposition


async def test_a_thousand_attachments_of_one_name_are_told_apart(signed_in: Browser, ada: Owner) -> None:
    files = [("same.txt", "image/png", b"%d" % number if number else b"") for number in range(998)]
    message_id = await ada.deliver(letter(*files))
    urls = await links(ada)
    assert len(set(urls)) == 998
    assert (await signed_in.get(f"/messages/{message_id}")).status_code == 200
    for place in (0, 1, 500, 997):
        response = await signed_in.get(urls[place])
        assert response.content == files[place][2]
        assert response.headers["content-length"] == str(len(files[place][2]))
        assert response.headers["content-disposition"] == 'attachment; filename="same.txt"'


@pytest.fixture
async def film(ada: Owner) -> str:
    """The path of a link to a large attachment."""
    await ada.deliver(letter(("film.mp4", "video/mp4", NOISE)))
    (url,) = await links(ada)
    return url


async def test_a_link_answers_ranges(signed_in: Browser, film: str) -> None:
    whole = await signed_in.get(film)
    assert (whole.content, whole.headers["accept-ranges"]) == (NOISE, "bytes")
    part = await signed_in.get(film, {"Range": "bytes=500000-", "If-Range": whole.headers["etag"]})
    check_file(part)
    assert (part.status_code, part.content) == (206, NOISE[500_000:])
    assert part.headers["content-range"] == "bytes 500000-699999/700000"
    assert part.headers["content-disposition"] == 'attachment; filename="film.mp4"'
    assert part.headers["content-type"] == "video/mp4"
    beyond = await signed_in.get(film, {"Range": "bytes=700000-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */700000")
    check_page(beyond)
    assert (await signed_in.get(film, {"If-Match": '"another"'})).status_code == 412
    assert (await signed_in.get(film, {"If-None-Match": whole.headers["etag"]})).status_code == 304


async def test_the_original_answers_ranges(signed_in: Browser, ada: Owner, film: str) -> None:
    del film
    message_id = (await ada.newest()).message_id
    url = f"/messages/{message_id}/source?download=1"
    whole = (await signed_in.get(url)).content
    part = await signed_in.get(url, {"Range": "bytes=-400000"})
    assert (part.status_code, part.content) == (206, whole[-400_000:])


async def test_a_link_that_has_ended_says_where_to_get_another(signed_in: Browser, ada: Owner, film: str) -> None:
    del film
    past = utc_now() - 2 * messages.LINK_LIFETIME
    (link,) = messages.attachment_links(ada.platform, ada.actor, await ada.newest(), now=past)
    page = await signed_in.page(link.url.removeprefix(ada.platform.public_url), status=404)
    assert "This link has expired" in page.words


async def test_a_lost_file_is_told_in_words(signed_in: Browser, ada: Owner, film: str) -> None:
    (info,) = [info async for info in ada.platform.blobs.list()]
    await ada.platform.blobs.delete([info.name])
    for path in (film, f"/messages/{(await ada.newest()).message_id}/source"):
        page = await signed_in.page(path, status=404)
        assert "no longer in the store" in page.words


async def replace(ada: Owner, data: bytes) -> None:
    """Give the stored object other bytes."""
    (info,) = [info async for info in ada.platform.blobs.list()]
    writer = await ada.platform.blobs.open_writer(info.name)
    await writer.write(data)
    await writer.commit()


async def test_a_file_damaged_from_the_start_is_told_in_words(
    signed_in: Browser, ada: Owner, film: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await replace(ada, bytes(500_000))
    page = await signed_in.page(film, status=500)
    assert "damaged" in page.words
    assert "page_failed" in capsys.readouterr().out


@pytest.mark.parametrize("kept", [300_000, 699_999])
async def test_a_damaged_file_never_arrives_as_if_it_were_whole(
    origin: str, app: Litestar, ada: Owner, film: str, kept: int
) -> None:
    del app
    (info,) = [info async for info in ada.platform.blobs.list()]
    sealed = b"".join([chunk async for chunk in ada.platform.blobs.read(info.name)])
    await replace(ada, sealed[:kept])
    async with httpx.AsyncClient(base_url=origin) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(film)
        # The server goes on, and what is whole of the file is still handed out.
        assert (await client.get(film, headers={"Range": "bytes=0-99"})).content == NOISE[:100]

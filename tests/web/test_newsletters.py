"""Mail as shops, papers, machines and colleagues send it, in a real Chromium: it fits, can be read and loads nothing.

`newsletters/*.html` were written for this, in the manner of real senders.
"""

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import BrowserContext, Page

from app.core.messages.html import sanitise
from app.web.view import View
from tests.web.conftest import CHROMIUM

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, Scheme] = ("light", "dark")
FOLDER = Path(__file__).parent / "newsletters"
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))
# A table whose cells must not wrap scrolls in its frame; a date as wide as its box reaches a few pixels over.
WIDEST = {"report": 1600, "booking": 420}
# The contrast of every visible text with the nearest ground that has a colour (WCAG 2.2, relative luminance).
CONTRASTS = """() => {
  const channels = (colour) => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (rgb) => {
    const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = rgb.slice(0, 3).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const colour = channels(style.backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return null;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, words = walker.currentNode.data.trim();
    if (!words || element.matches("style") || !element.checkVisibility()) continue;
    const box = element.getBoundingClientRect(), below = ground(element);
    if (!below || box.height < 2) continue;
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(below)];
    found.push([words.slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
  }
  return found;
}"""


async def opened(chromium: BrowserContext, name: str, scheme: Scheme, width: int) -> Page:
    page = await chromium.new_page()
    await page.emulate_media(color_scheme=scheme)
    await page.set_viewport_size({"width": width, "height": 800})
    safe = sanitise((FOLDER / f"{name}.html").read_text())
    await page.set_content(View({}).page("mail.html", safe=safe, subject=name).content, wait_until="load")
    return page


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NAMES)
async def test_newsletters_fit_and_can_be_read(chromium: BrowserContext, name: str, scheme: Scheme) -> None:
    asked: list[str] = []
    chromium.on("request", lambda request: asked.append(request.url))
    for width in (390, 1280):
        page = await opened(chromium, name, scheme, width)
        assert await page.evaluate("document.documentElement.scrollWidth") <= max(width, WIDEST.get(name, 0))
        contrasts = await page.evaluate(CONTRASTS)
        assert contrasts
        assert [pair for pair in contrasts if pair[1] < 4.5] == []
        await page.close()
    assert asked == []


async def test_pictures_keep_their_size_and_icons_their_words(chromium: BrowserContext) -> None:
    page = await opened(chromium, "shop", "light", 1280)
    sack = await page.get_by_text("A sack of seed potatoes").bounding_box()
    assert sack is not None
    assert (round(sack["width"]), round(sack["height"])) == (166, 140)
    icon = await page.get_by_text("Facebook").bounding_box()
    assert icon is not None
    assert icon["width"] > 2 * icon["height"]


async def test_columns_stand_below_each_other_on_a_phone(chromium: BrowserContext) -> None:
    for width, is_beside in ((1280, True), (390, False)):
        page = await opened(chromium, "digest", "light", width)
        tram, rents = [await page.get_by_role("heading", name=name).bounding_box() for name in ("tram", "Rents")]
        assert tram is not None
        assert rents is not None
        assert (abs(tram["y"] - rents["y"]) < 5) == is_beside


async def test_a_mail_with_colours_for_dark_uses_them(chromium: BrowserContext) -> None:
    grounds = []
    for scheme in SCHEMES:
        page = await opened(chromium, "digest", scheme, 1280)
        grounds.append(await page.eval_on_selector(".card", "card => getComputedStyle(card).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(28, 31, 38)"]


async def test_what_a_mail_hides_stays_hidden(chromium: BrowserContext) -> None:
    page = await opened(chromium, "reset", "light", 390)
    assert not await page.get_by_text("Use this link to set").is_visible()
    button = await page.get_by_role("link", name="Set a new password").bounding_box()
    assert button is not None
    assert button["height"] > 35
    assert button["width"] > 300


@pytest.mark.parametrize(
    "around",
    [
        "<div style='height:20px;overflow:hidden!important;width:200px'>{}</div>",
        "<style>#a .b{{overflow:hidden!important;max-height:1em!important}}</style><div id=a><p class=b>{}</p></div>",
        "<div style='overflow:hidden;white-space:nowrap;width:150px;text-overflow:ellipsis'>{}</div>",
        "<div style='font-size:0;line-height:0;color:#fff'>{}</div>",
        "<style>span,.mail-lie{{display:none!important;color:#fff;font-size:0!important;visibility:hidden}}</style>{}",
        "{}<div style='margin-top:-30px;background:#fff;height:90px'>over it</div>",
        "<p style='direction:rtl;unicode-bidi:bidi-override;text-indent:-900px'>{}</p>",
    ],
)
async def test_a_mail_cannot_hide_where_a_link_leads(chromium: BrowserContext, around: str) -> None:
    page = await chromium.new_page()
    safe = sanitise(around.format("<a href='https://evil.example/'>https://bank.example/</a>"))
    await page.set_content(View({}).page("mail.html", safe=safe, subject="").content, wait_until="load")
    warning = page.locator(".mail-lie")
    assert (await warning.inner_text()).strip() == "[shown as bank.example, leads to evil.example]"
    assert await warning.evaluate(
        """(warning) => [...warning.getClientRects()].every((box) => {
          const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return box.height > 10 && at === warning;
        })"""
    )

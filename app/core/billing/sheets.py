"""Sheets of voucher codes to print and cut: one file that needs nothing else. Pure."""

from collections.abc import Sequence
from html import escape

_STYLE = """body { font: 11pt/1.4 system-ui, sans-serif; margin: 1.5rem; color: #111; background: #fff; }
ul { list-style: none; padding: 0; display: grid;
  grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
li { border: 1px dashed #555; border-radius: 6px; padding: .8rem 1rem; break-inside: avoid; }
p { margin: 0; } code { font: 600 12pt/1.8 ui-monospace, Consolas, monospace; }"""


def as_html(plan: str, codes: Sequence[str], *, address: str) -> str:
    """A page with a card for each code; `address` is where it is redeemed."""
    cards = "\n".join(
        f"<li><p>{escape(plan)}</p><p><code>{code}</code></p><p>Redeem it once at {escape(address)}</p></li>"
        for code in codes
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Vouchers for {escape(plan)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>Vouchers for {escape(plan)}</h1>\n<ul>\n{cards}\n</ul></body></html>\n"
    )


def as_text(plan: str, codes: Sequence[str], *, address: str) -> str:
    """A card for each code, of three lines, and a line to cut along."""
    return "".join(f"{plan}\n{code}\nRedeem it once at {address}\n{'-' * 40}\n" for code in codes)

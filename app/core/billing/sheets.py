"""Sheets of voucher codes to print and cut: one file that needs nothing else. Pure."""

from collections.abc import Sequence
from html import escape

from app.core.billing.model import Plan
from app.core.joining.model import JoiningMode

_STYLE = """body { font: 11pt/1.4 system-ui, sans-serif; margin: 1.5rem; color: #111; background: #fff; }
ul { list-style: none; padding: 0; display: grid;
  grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
li { border: 1px dashed #555; border-radius: 6px; padding: .8rem 1rem; break-inside: avoid; }
p { margin: 0; } code { font: 600 12pt/1.8 ui-monospace, Consolas, monospace; }"""


_GB = 10**9


def contents(plan: Plan) -> str:
    """What a voucher of this plan brings, in a line."""
    aliases = f"{plan.alias_limit:,} alias{'' if plan.alias_limit == 1 else 'es'}"
    domains = f"{plan.domain_limit or 'no'} domain{'' if plan.domain_limit == 1 else 's'} of your own"
    storage = f"{plan.storage_limit / _GB:,.3f}".rstrip("0").rstrip(".")
    return f"{storage} GB for mail, {aliases}, {domains}"


def directions(public_url: str, joining: JoiningMode) -> str:
    """Where whoever holds a code goes with it, as one without an account and as one who has one."""
    have = f"{public_url}/settings/plan"
    if joining in {"voucher", "purchase"}:
        return f"Redeem it once: for a new account at {public_url}/join, for one that you have at {have}"
    if joining == "open":
        return f"Redeem it once, in your account, at {have}. You can make one at {public_url}/join"
    return f"Redeem it once, in your account, at {have}"


def as_html(plan: str, codes: Sequence[str], *, holds: str, directions: str) -> str:
    """A page with a card for each code; `holds` is of `contents`."""
    cards = "\n".join(
        f"<li><p>{escape(plan)}</p><p>{escape(holds)}</p><p><code>{code}</code></p><p>{escape(directions)}</p></li>"
        for code in codes
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Vouchers for {escape(plan)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>Vouchers for {escape(plan)}</h1>\n<ul>\n{cards}\n</ul></body></html>\n"
    )


def as_text(plan: str, codes: Sequence[str], *, holds: str, directions: str) -> str:
    """A card for each code, of four lines, and a line to cut along."""
    return "".join(f"{plan}\n{holds}\n{code}\n{directions}\n{'-' * 40}\n" for code in codes)

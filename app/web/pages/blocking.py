"""Blocking and allowing the sender of a message, from where it is read."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec
from litestar.params import FromPath
from litestar.response.redirect import Redirect

from app.core.messages.model import MessageLine
from app.core.platform import Platform
from app.core.rules import cautions, finding, judging
from app.core.rules.cautions import Caution
from app.core.rules.finding import Asked
from app.core.rules.held import sender_of
from app.core.rules.judging import Destination, Judgement, Standpoint
from app.core.rules.model import Rule
from app.errors import Invalid
from app.lib.db import Conn
from app.lib.times import utc_now
from app.web import forms, undo
from app.web.forms import AnyRequest, Form
from app.web.notices import told
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform
from app.web.view import see_other

_DESTINATIONS: Mapping[str, Destination] = {"trash": "trash", "spam": "spam"}


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """What a message's page says of its sender: who that is to rules, and the rule that decides about his mail."""

    who: Standpoint
    caution: Caution | None
    """What to say before the whole domain is blocked."""
    rule: Rule | None


async def sender_on(platform: Platform, conn: Conn, session: Session, line: MessageLine) -> Sender:
    """The sender of this message, as its page shows him."""
    who = judging.standpoint(line)
    senders = tuple(filter(None, dict.fromkeys((sender_of(line.summary), line.summary.envelope_from))))
    asked = Asked(alias_id=line.alias_id, senders=senders)
    (rule,) = await finding.deciding(platform, conn, session.actor, [asked])
    return Sender(who=who, caution=cautions.caution(who.domain) if who.domain else None, rule=rule)


async def submit_sender(
    request: AnyRequest, platform: GivenPlatform, session: GivenSession, message_id: FromPath[UUID]
) -> Redirect:
    """Block or allow the sender, or his domain, here or everywhere; back to the message, which offers to undo it."""
    judgement = _judgement(await forms.read(request))
    async with platform.db.transaction() as conn:
        settled = await judging.judge(platform, conn, session.actor, message_id, judgement, now=utc_now())
    is_new = any(made.was != made.rule.verdict for made in settled.made)
    done: Literal["blocked", "allowed", "known"] = "blocked" if judgement.verdict == "block" else "allowed"
    word = undo.pack(settled.back, undo.of_made(settled.made))
    return see_other(told(f"/messages/{message_id}", done if is_new else "known", 1, word, moved=settled.count))


def _judgement(form: Form) -> Judgement:
    """Raises Invalid."""
    verdict, kind, also = form.get("verdict", ""), form.get("kind", "address"), form.get("also", "")
    if verdict not in {"block", "allow"}:
        raise Invalid.field("verdict", "Choose one of the buttons.")
    if kind not in {"address", "domain"} or also not in {"", *_DESTINATIONS}:
        raise Invalid("Choose one of what the page offers.")
    return Judgement(
        verdict="block" if verdict == "block" else "allow",
        kind="domain" if kind == "domain" else "address",
        is_everywhere=bool(form.get("everywhere")),
        also=_DESTINATIONS.get(also),
    )

"""The waiting room: who wrote to an alias that takes mail of known senders only, and what becomes of it."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Response
from litestar.params import FromQuery
from litestar.response.redirect import Redirect

from app.core.filing import service as filing
from app.core.messages import service as messages
from app.core.messages.model import MessageLine
from app.core.platform import Platform
from app.core.rules import held, waiting
from app.core.rules.held import Settled
from app.errors import Invalid
from app.lib.ids import parse_id
from app.lib.times import utc_now
from app.web import forms, undo
from app.web.fitting import weight
from app.web.forms import AnyRequest
from app.web.notices import Notice, told
from app.web.pages import lists
from app.web.paging import Turn, address, turned
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite
from app.web.view import see_other

_ROOM, _LINE_BYTES = 40_000, 1_150
"""Bytes of the list, and of one message without its texts, as though it were its sender's only one."""
_NOTHING = "Nothing was changed. Tick the senders first, then choose what to do with them."
_DONE = {"release": "released", "allow": "allowed", "block": "blocked"}


async def show_waiting(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    before: FromQuery[UUID | None] = None,
    after: FromQuery[UUID | None] = None,
) -> Response[str] | Redirect:
    """What is held, by alias and sender, newest first."""
    turn = Turn(before=before, after=after)
    async with platform.db.connection() as conn:
        found = await messages.page(
            conn,
            session.actor,
            folder="held",
            before=turn.before,
            after=None if turn.before else turn.after,
            limit=lists.PAGE + 1,
        )
        page = turned(found, turn, lists.PAGE, lambda line: line.message_id, room=_ROOM, weigh=_line_bytes)
        if page is None:
            return see_other("/waiting")
        counts = await filing.counts(conn, session.actor.account_id)
    return site.view.page(
        "waiting.html",
        session=session,
        places=(*lists.PLACES, lists.HELD),
        unread=lists.counted(counts),
        place=lists.HELD,
        groups=waiting.groups(page.items),
        page=page,
        back=address("/waiting", turn.query),
        notice=Notice.of(request.query_params, nothing=_NOTHING),
    )


async def submit_waiting(request: AnyRequest, platform: GivenPlatform, session: GivenSession) -> Redirect:
    """Let in, allow or block one sender by a button of its own, or all that are ticked."""
    fields = await forms.read_all(request)
    form = dict(fields)
    one = next(((name, text) for name, text in fields if name in _DONE), None)
    verb = one[0] if one else form.get("do", "")
    if verb not in _DONE:
        raise Invalid.field("do", "Choose one of the buttons.")
    chosen = [one[1]] if one else [text for name, text in fields if name == "id"]
    ids = [message_id for text in chosen if (message_id := parse_id(text))]
    back = form.get("back", "/waiting")
    if not ids:
        return see_other(told(back, _DONE[verb], 0, ""))
    settled = await _settle(platform, session, verb, ids)
    word = undo.pack(settled.back, undo.of_made(settled.made))
    if verb == "release" or not settled.made:
        return see_other(told(back, "released", settled.count, word))
    return see_other(told(back, _DONE[verb], len(settled.made), word, moved=settled.count))


async def _settle(platform: Platform, session: Session, verb: str, ids: Sequence[UUID]) -> Settled:
    async with platform.db.transaction() as conn:
        if verb == "block":
            return await held.block(platform, conn, session.actor, ids, now=utc_now())
        if verb == "release":
            ids = await waiting.together(conn, session.actor, ids)
        is_allowed = verb == "allow"
        return await held.release(platform, conn, session.actor, ids, is_allowed=is_allowed, now=utc_now())


def _line_bytes(line: MessageLine) -> int:
    summary = line.summary
    sender = weight(summary.sender.name) + 4 * weight(summary.sender.address) if summary.sender else 0
    texts = min(1000, sender) + min(300, weight(summary.subject)) + min(300, weight(summary.snippet))
    return _LINE_BYTES + texts + weight(line.alias_address)

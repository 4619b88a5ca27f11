"""The folders as pages, narrowed as asked, and what is done to the messages chosen there."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromQuery
from litestar.response.redirect import Redirect
from litestar.types import AnyCallable

from app.core.aliases import service as aliases
from app.core.filing import service as filing
from app.core.filing.model import ACTIONS, Action, Counts
from app.core.messages import service as messages
from app.core.messages.model import Folder, MessageLine
from app.core.platform import Platform
from app.errors import Invalid
from app.lib.db import Conn
from app.lib.ids import parse_id
from app.lib.times import utc_now
from app.web import forms, undo
from app.web.fitting import weight
from app.web.forms import AnyRequest, Form
from app.web.narrowing import Narrowing
from app.web.notices import Notice, told
from app.web.paging import Turn, address, turned
from app.web.session import GivenSession, Session, local_path
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.view import see_other

PAGE = 50
LINES_BYTES = 43_000
_LINE_BYTES, _UNREAD_BYTES, _STAR_BYTES, _FILES_BYTES = 515, 52, 86, 57
"""Of a line without its texts, and of what may stand there."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A page with messages of one kind, and what can be done to them there: (action, the button's words)."""

    path: str
    title: str
    folders: Folder | tuple[Folder, ...]
    actions: tuple[tuple[Action, str], ...]
    is_starred: bool = False
    """Only what has a star."""


INBOX = Place(
    path="/inbox",
    title="Inbox",
    folders="inbox",
    actions=(
        ("archive", "Archive"),
        ("read", "Mark read"),
        ("unread", "Mark unread"),
        ("star", "Star"),
        ("spam", "Spam"),
        ("trash", "Trash"),
    ),
)
STARRED = Place(
    path="/starred",
    title="Starred",
    folders=("inbox", "archive"),
    is_starred=True,
    actions=(("unstar", "Remove star"), ("unread", "Mark unread"), ("archive", "Archive"), ("trash", "Trash")),
)
ARCHIVE = Place(
    path="/archive",
    title="Archive",
    folders="archive",
    actions=(("inbox", "Back to inbox"), ("unread", "Mark unread"), ("star", "Star"), ("trash", "Trash")),
)
SPAM = Place(
    path="/spam",
    title="Spam",
    folders="spam",
    actions=(("inbox", "Not spam"), ("read", "Mark read"), ("trash", "Trash")),
)
TRASH = Place(
    path="/trash",
    title="Trash",
    folders="trash",
    actions=(("inbox", "Back to inbox"), ("delete", "Delete for ever")),
)
HELD = Place(
    path="/waiting",
    title="Waiting room",
    folders="held",
    actions=(("inbox", "Let in"), ("trash", "Trash")),
)
PLACES = (INBOX, STARRED, ARCHIVE, SPAM, TRASH)
_BY_FOLDER = {"inbox": INBOX, "archive": ARCHIVE, "spam": SPAM, "trash": TRASH, "held": HELD}


def place_of(folder: Folder) -> Place:
    """The page of a folder."""
    return _BY_FOLDER[folder]


def _list_of(place: Place) -> AnyCallable:
    """The handler of one place's page: fifty messages, newest first."""

    async def show_list(
        request: AnyRequest,
        platform: GivenPlatform,
        site: GivenSite,
        session: GivenSession,
        before: FromQuery[UUID | None] = None,
        after: FromQuery[UUID | None] = None,
    ) -> Response[str] | Redirect:
        return await _page(request, platform, site, session, place, Turn(before=before, after=after))

    return show_list


show_inbox = _list_of(INBOX)
show_starred = _list_of(STARRED)
show_archive = _list_of(ARCHIVE)
show_spam = _list_of(SPAM)
show_trash = _list_of(TRASH)


async def submit_action(request: AnyRequest, platform: GivenPlatform, session: GivenSession) -> Redirect:
    """Do one thing to the messages chosen, and go back to their list, which offers to undo it."""
    fields = await forms.read_all(request)
    form = dict(fields)
    action = next((one for one in ACTIONS if one == form.get("action")), None)
    if action is None:
        raise Invalid.field("action", "Choose one of the buttons.")
    ids = [message_id for name, text in fields if name == "id" and (message_id := parse_id(text))]
    count, steps = await filing.apply(platform, session.actor, action, ids, now=utc_now())
    return see_other(_back(form, action, count, undo.pack(steps)))


async def submit_undo(request: AnyRequest, platform: GivenPlatform, session: GivenSession) -> Redirect:
    """Take the last action back."""
    form = await forms.read(request)
    steps = form.get("steps", "")
    moved, ruled = await undo.take_back(platform, session.actor, steps)
    if undo.names_rules(steps):
        return see_other(told(form.get("back", ""), "back", moved + ruled, ""))
    return see_other(_back(form, "undo", moved, ""))


async def _page(
    request: AnyRequest, platform: Platform, site: Site, session: Session, place: Place, turn: Turn
) -> Response[str] | Redirect:
    narrowing = Narrowing.of(request.query_params)
    here = address(place.path, narrowing.query)
    async with platform.db.connection() as conn:
        found = await _found(conn, session, place, narrowing, turn)
        page = turned(found, turn, PAGE, lambda line: line.message_id, room=LINES_BYTES, weigh=line_bytes)
        if page is None:
            return see_other(here)
        counts = await filing.counts(conn, session.actor.account_id)
    return site.view.page(
        "inbox.html",
        session=session,
        place=place,
        places=places(counts),
        unread=counted(counts),
        narrowing=narrowing,
        here=here,
        back=address(here, turn.query),
        page=page,
        notice=Notice.of(request.query_params),
    )


async def _found(conn: Conn, session: Session, place: Place, narrowing: Narrowing, turn: Turn) -> Sequence[MessageLine]:
    actor, alias_id = session.actor, None
    if narrowing.alias:
        alias_id = await aliases.find(conn, actor.account_id, narrowing.alias)
        if alias_id is None:
            return []
    if place.is_starred:
        narrowing = msgspec.structs.replace(narrowing, starred=True)
    return await messages.page(
        conn,
        actor,
        folder=place.folders,
        before=turn.before,
        after=None if turn.before else turn.after,
        limit=PAGE + 1,
        filters=narrowing.filters(alias_id),
    )


def line_bytes(line: MessageLine) -> int:
    """What a line weighs in a list."""
    summary = line.summary
    sender = weight(summary.sender.name or summary.sender.address) if summary.sender else 0
    texts = min(120, sender) + min(400, weight(summary.subject)) + min(400, weight(summary.snippet))
    flags = _UNREAD_BYTES * (not line.is_read) + _STAR_BYTES * line.is_starred
    return _LINE_BYTES + flags + _FILES_BYTES * bool(summary.attachments) + texts + weight(line.alias_address)


def places(counts: Counts) -> tuple[Place, ...]:
    """The folders that are shown above lists: the waiting room only while somebody waits there."""
    return (*PLACES, HELD) if counts.held else PLACES


def counted(counts: Counts) -> Mapping[str, str]:
    """By path, what is written behind the folders: how much is unread, or waits."""
    return {
        INBOX.path: _capped(counts.inbox),
        SPAM.path: _capped(counts.spam),
        HELD.path: _capped(counts.held),
    }


def _capped(count: int) -> str:
    if count >= filing.MOST_COUNTED:
        return f"{filing.MOST_COUNTED - 1}+"
    return str(count) if count else ""


def _back(form: Form, done: str, count: int, steps: str) -> str:
    """The list to go back to, with what was done; a message tells by itself how it is."""
    path = local_path(form.get("back", ""))
    return path if path.startswith("/messages/") else told(path, done, count, steps)

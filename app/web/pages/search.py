"""Searching mail: the form, what was found with its hits marked, and what was mistyped."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromQuery

from app.core.messages.model import Correspondent, MessageLine
from app.core.platform import Platform
from app.core.search import grammar
from app.core.search import service as search
from app.core.search.hits import Hits, Piece
from app.core.search.model import Found
from app.core.search.passages import passages
from app.errors import Invalid
from app.web.fitting import clipped, fitting, weight
from app.web.forms import NO_FAULTS, Faults
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite

PAGE = 50
_ROOM = 38_000
_LINE_BYTES = 550
_MARK_BYTES = 13
_MOST_CHARS = 2000
"""Of what was typed, when it is shown again."""
_NOTHING = Found(lines=[], older=None)


class FoundLine(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was found, its texts in pieces."""

    line: MessageLine
    sender: Sequence[Piece]
    subject: Sequence[Piece]
    text: Sequence[Piece]

    @property
    def weight(self) -> int:
        """Bytes in the page."""
        pieces = [*self.sender, *self.subject, *self.text]
        texts = sum(weight(piece.text) + _MARK_BYTES * piece.is_hit for piece in pieces)
        return _LINE_BYTES + texts + weight(self.line.alias_address)


async def show_search(
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    q: FromQuery[str] = "",
    before: FromQuery[UUID | None] = None,
) -> Response[str]:
    """Fifty of the messages found, newest first; without `q` the form alone."""
    found, faults, lines = _NOTHING, NO_FAULTS, list[FoundLine]()
    try:
        if q.strip():
            query = grammar.parse(q)
            async with platform.db.transaction() as conn:
                found = await search.page(platform, conn, session.actor, query, before=before, limit=PAGE)
            lines = await _marked(platform, session, Hits(query), found)
    except Invalid as error:
        faults = Faults.of(error)
    shown = lines[: fitting((one.weight for one in lines), _ROOM)]
    return site.view.page(
        "search.html",
        status=422 if faults.summary else 200,
        session=session,
        q=q[:_MOST_CHARS],
        found=shown,
        older=found.older if len(shown) == len(lines) else shown[-1].line.message_id,
        faults=faults,
        is_first=before is None,
    )


async def _marked(platform: Platform, session: Session, hits: Hits, found: Found) -> list[FoundLine]:
    texts = await passages(platform, session.actor, hits, found)
    return [
        FoundLine(
            line=line,
            sender=hits.pieces(clipped(_name(line.summary.sender), 120), "from"),
            subject=hits.pieces(clipped(line.summary.subject or _without_subject(line), 400), "subject"),
            text=hits.pieces(clipped(texts.get(line.message_id, line.summary.snippet), 400), ""),
        )
        for line in found.lines
    ]


def _without_subject(line: MessageLine) -> str:
    return "(no subject)" if line.is_readable else "(damaged: it cannot be opened)"


def _name(sender: Correspondent | None) -> str:
    return (sender.name or sender.address if sender else "") or "Unknown sender"

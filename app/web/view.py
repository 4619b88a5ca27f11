"""Renders the templates. What a page shows comes from its handler; nothing here asks the database."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.response.redirect import Redirect

from app.lib.times import utc_now
from app.web import dates, deeds, invitations, reasons, sizes
from app.web.fitting import clipped, few
from app.web.reference import inline, prose
from app.web.text import folded_text, linked_text

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEMPLATES = Path(__file__).parent / "templates"


class View:
    """The templates of the pages, compiled once; everything is escaped unless a template says otherwise."""

    def __init__(self, asset_urls: Mapping[str, str]) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["static"] = asset_urls
        self._templates.globals["answer_words"] = reasons.answer_words
        self._templates.filters |= {
            "action_words": deeds.action_words,
            "caution_words": reasons.caution_words,
            "clipped": clipped,
            "day": dates.day,
            "few": few,
            "event_answer": invitations.answer,
            "event_answers": invitations.answers,
            "event_described": invitations.described,
            "event_kind": invitations.kind,
            "event_linked": invitations.linked_within,
            "event_occurrence": invitations.occurrence,
            "event_times": invitations.times,
            "event_utc_times": invitations.utc_times,
            "inline": inline,
            "iso": dates.iso,
            "moment": dates.moment,
            "prose": prose,
            "reason_words": reasons.reason_words,
            "short": dates.short,
            "size": sizes.human,
            "mail_words": reasons.mail_words,
            "suspension_choice": reasons.suspension_choice,
            "suspension_words": reasons.suspension_words,
            "folded": folded_text,
            "linked": linked_text,
            "xml": xml_text,
        }
        for name in self._templates.list_templates():
            self._templates.get_template(name)

    def text(self, template: str, **context: Any) -> str:  # noqa: ANN401 - template values
        """What a template makes of the context, escaped for markup."""
        return self._templates.get_template(template).render(**context)

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response[str]:  # noqa: ANN401 - template values
        """A whole page. Templates of private pages are given `session`."""
        html = self.text(template, now=utc_now(), **context)
        return Response(html, media_type=MediaType.HTML, status_code=status)


def xml_text(text: str) -> str:
    """Without the characters that XML 1.0 has no place for, not even escaped (section 2.2)."""
    return _NOT_XML.sub("", text)


def see_other(path: str) -> Redirect:
    """303: what a good form is answered with (RFC 9110 section 15.4.4)."""
    return Redirect(path, status_code=303)

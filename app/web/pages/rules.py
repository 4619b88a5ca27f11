"""Rules about senders: finding, making, one or many at once, and deleting them."""

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery
from litestar.response.redirect import Redirect

from app.core.aliases import service as aliases
from app.core.platform import Platform
from app.core.rules import bulk, cautions, finding
from app.core.rules import service as rules
from app.core.rules.bulk import Written
from app.core.rules.cautions import Caution
from app.core.rules.finding import Found
from app.core.rules.model import Rule, Scope, Verdict
from app.errors import FieldError, Invalid
from app.lib.db import Conn
from app.lib.times import utc_now
from app.web import forms, reasons, undo
from app.web.fitting import clipped, fitting, weight
from app.web.forms import NO_FAULTS, AnyRequest, Faults, Form
from app.web.notices import Notice, told
from app.web.paging import address
from app.web.session import GivenSession, Session
from app.web.site import GivenPlatform, GivenSite, Site
from app.web.undo import RuleStep
from app.web.view import see_other

_PAGE = 50
_ROOM, _RULE_BYTES = 36_000, 900
_SENDERS_BYTES = 16_000
"""Of the senders that stand in the form again."""
MAX_FORM_BYTES = 512 * 1024
"""A thousand senders as long as they may be."""
TOO_LARGE = "The list is too long. Write at most 1,000 senders at once; nothing was made of these."
_FAULTS_SHOWN = 50
_NO_RULES = Found(rules=[], older=None)
_VERDICTS: dict[str, Verdict] = {"block": "block", "allow": "allow"}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and what is to be said of its domain."""

    rule: Rule
    readable: str
    look_alike: str
    caution: Caution | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the list is narrowed to, as its address says it."""

    q: str = ""
    verdict: str = ""
    alias: str = ""
    """An address; `*` for the rules of the whole account."""

    @property
    def query(self) -> str:
        """The same as an address says it."""
        fields = (("q", self.q), ("verdict", self.verdict), ("alias", self.alias))
        return urlencode([(name, text) for name, text in fields if text])


async def show_rules(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    before: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The form for new ones, then the rules, fifty or as many as fit, newest first."""
    query = request.query_params
    wanted = Wanted(
        q=query.get("q", "").strip()[:320], verdict=query.get("verdict", ""), alias=query.get("alias", "").strip()[:320]
    )
    return await _page(request, platform, site, session, wanted, before=before)


async def submit_rules(
    request: AnyRequest, platform: GivenPlatform, site: GivenSite, session: GivenSession
) -> Response[str] | Redirect:
    """Make rules of all senders that were written; what could not be understood stays in the form."""
    form = await forms.read(request)
    try:
        async with platform.db.transaction() as conn:
            verdict, texts, alias_id = await _asked(conn, session, form)
            written = await bulk.make(
                platform, conn, session.actor, texts, verdict, alias_id=alias_id, note=form.get("note", "")
            )
    except Invalid as error:
        return await _page(request, platform, site, session, Wanted(), form=form, faults=Faults.of(error))
    failed = [one for one in written if one.outcome in {"invalid", "too_many"}]
    if failed:
        form = {**form, "senders": "\n".join(one.text for one in failed)}
        return await _page(
            request, platform, site, session, Wanted(), form=form, faults=_faults(written, failed), failed=failed
        )
    return see_other(_made(written, verdict))


async def show_rule(
    request: AnyRequest,
    platform: GivenPlatform,
    site: GivenSite,
    session: GivenSession,
    rule_id: FromPath[UUID],
) -> Response[str]:
    """One rule and what it does."""
    async with platform.db.connection() as conn:
        rule = await rules.get(conn, session.actor, rule_id)
    return site.view.page(
        "rule.html",
        session=session,
        one=_shown(rule),
        notice=Notice.of(request.query_params),
    )


async def submit_delete(
    request: AnyRequest, platform: GivenPlatform, session: GivenSession, rule_id: FromPath[UUID]
) -> Redirect:
    """Delete a rule, and go back to a page that offers to restore it."""
    form = await forms.read(request)
    async with platform.db.transaction() as conn:
        await rules.delete(conn, session.actor, rule_id, now=utc_now())
    word = undo.pack((), (RuleStep(back="restore", rule_ids=(rule_id,)),))
    return see_other(told(form.get("back", "") or "/rules", "deleted", 1, word))


async def _page(
    request: AnyRequest,
    platform: Platform,
    site: Site,
    session: Session,
    wanted: Wanted,
    *,
    before: UUID | None = None,
    form: Form | None = None,
    faults: Faults = NO_FAULTS,
    failed: Sequence[Written] = (),
) -> Response[str]:
    async with platform.db.connection() as conn:
        found = await _found(conn, session, wanted, before)
    senders, is_cut = _senders_again((form or {}).get("senders", ""))
    count = fitting((_bytes(rule) for rule in found.rules), _ROOM - weight(senders))
    here = address("/rules", wanted.query)
    return site.view.page(
        "rules.html",
        status=422 if faults.summary else 200,
        session=session,
        rules=[_shown(rule) for rule in found.rules[:count]],
        older=found.rules[count - 1].rule_id if len(found.rules) > count else found.older,
        is_first=before is None,
        wanted=wanted,
        here=here,
        back=address(here, f"before={before}") if before else here,
        form=form or ({"to": wanted.alias} if wanted.alias != "*" else {}),
        senders=senders,
        is_cut=is_cut,
        faults=faults,
        failed=failed[:_FAULTS_SHOWN],
        left_out=max(0, len(failed) - _FAULTS_SHOWN),
        notice=Notice.of(request.query_params),
    )


async def _found(conn: Conn, session: Session, wanted: Wanted, before: UUID | None) -> Found:
    scope: Scope = None
    if wanted.alias == "*":
        scope = "account"
    elif wanted.alias:
        scope = await aliases.find(conn, session.actor.account_id, wanted.alias)
        if scope is None:
            return _NO_RULES
    return await finding.containing(
        conn,
        session.actor,
        wanted.q,
        scope=scope,
        verdict=_VERDICTS.get(wanted.verdict),
        before=before,
        limit=_PAGE,
    )


async def _asked(conn: Conn, session: Session, form: Form) -> tuple[Verdict, list[str], UUID | None]:
    """(what to do, the senders, the alias or None for all of them). Raises Invalid with a fault a field."""
    verdict, texts, to = _VERDICTS.get(form.get("verdict", "")), bulk.lines(form.get("senders", "")), form.get("to", "")
    faults = bulk.check(texts, form.get("note", ""))
    if not texts:
        text = "Write an address (ada@shop.example) or a domain (shop.example)."
        faults.append(FieldError(field="senders", message=text))
    if verdict is None:
        faults.append(FieldError(field="verdict", message="Choose whether to block or to allow."))
    alias_id = await aliases.find(conn, session.actor.account_id, to) if to.strip() else None
    if to.strip() and alias_id is None:
        text = "You have no alias with this address. Leave it empty for all your aliases."
        faults.append(FieldError(field="to", message=text))
    if faults or verdict is None:
        raise Invalid("The rules cannot be made like this.", fields=faults)
    return verdict, texts, alias_id


def _senders_again(text: str) -> tuple[str, bool]:
    """(as many whole lines as fit the form, whether there are more)."""
    lines = text.splitlines()
    kept = lines[: fitting((weight(line) + 1 for line in lines), _SENDERS_BYTES)]
    return clipped("\n".join(kept), _SENDERS_BYTES), len(kept) < len(lines)


def _faults(written: Sequence[Written], failed: Sequence[Written]) -> Faults:
    done = Counter(one.outcome for one in written)
    made, there = done["made"] + done["turned"], done["there"]
    told_of = [f"{made} made" if made else "", f"{there} there already" if there else ""]
    rest = f"{len(failed)} not understood" if done["invalid"] else f"{len(failed)} too many"
    text = ", ".join([part for part in told_of if part] + [rest])
    return Faults(f"Of {len(written)} senders: {text}.", {"senders": failed[0].told})


def _made(written: Sequence[Written], verdict: Verdict) -> str:
    """The list again, with how many rules were made and how to take them back."""
    new = tuple(one.rule_id for one in written if one.outcome == "made" and one.rule_id)
    turned = tuple(one.rule_id for one in written if one.outcome == "turned" and one.rule_id)
    steps = [RuleStep(back="remove", rule_ids=new)] if new else []
    if turned:
        steps.append(RuleStep(back="allow" if verdict == "block" else "block", rule_ids=turned))
    count = len(new) + len(turned)
    done = "blocked" if verdict == "block" else "allowed"
    return told("/rules", done if count else "known", count or len(written), undo.pack((), steps))


def _shown(rule: Rule) -> Shown:
    return Shown(
        rule=rule,
        readable=reasons.readable(rule),
        look_alike=reasons.look_alike(rule),
        caution=cautions.caution(rule.text) if rule.kind == "domain" else None,
    )


def _bytes(rule: Rule) -> int:
    return _RULE_BYTES + 3 * weight(rule.text) + weight(rule.note) + weight(rule.alias_address or "")

"""Asks DNS about the domains of accounts, by hand and by the clock, and acts on the answer. No transaction is open
while DNS is asked.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.domains import owned, queries, records, schedule
from app.core.domains.model import DomainRow, Finding, OwnDomain
from app.core.domains.roles import give_owner_roles
from app.core.events import service as events
from app.core.platform import Platform
from app.errors import LimitReached, NotFound

ASK_PAUSE = timedelta(seconds=20)
_RETRY = timedelta(minutes=15)
"""A worker that dies while it checks leaves its domains to the next one after so long."""
_BATCH = 50
_encode = msgspec.msgpack.Encoder().encode


async def check_now(platform: Platform, actor: Actor, domain: str, *, now: datetime) -> OwnDomain:
    """Ask DNS about a domain of the account at once. Raises NotFound, LimitReached (twice within 20 s), Unavailable."""
    account_id = actor.account_id
    async with platform.db.transaction() as conn:
        if await queries.own_domain(conn, account_id, domain) is None:
            raise NotFound("You have no such domain.")
        if not await queries.begin_check(conn, account_id, domain, now=now, pause=ASK_PAUSE):
            text = "This was asked a moment ago, and DNS takes its time. Try again in half a minute."
            raise LimitReached(text, code="checked_just_now", retry_after=int(ASK_PAUSE.total_seconds()))
    await _check(platform, account_id, domain, now=now)
    async with platform.db.connection() as conn:
        return await owned.get(platform, conn, actor, domain)


async def check_due(platform: Platform, *, now: datetime) -> int:
    """Ask DNS about all domains whose time has come; returns how many those were. Raises Unavailable."""
    count = 0
    while True:
        async with platform.db.transaction() as conn:
            due = await queries.take_due(conn, now=now, retry_at=now + _RETRY, limit=_BATCH)
        await asyncio.gather(*(_check(platform, account_id, domain, now=now) for account_id, domain in due))
        count += len(due)
        if len(due) < _BATCH:
            return count


async def _check(platform: Platform, account_id: UUID, domain: str, *, now: datetime) -> None:
    async with platform.db.connection() as conn:
        row = await queries.own_domain(conn, account_id, domain)
    if row is None:
        return
    findings = await _ask(platform, row)
    async with platform.db.transaction() as conn:
        # Once more, and held: somebody may have deleted it, or checked it, while DNS was asked.
        await queries.lock_own_domain(conn, account_id, domain)
        row = await queries.own_domain(conn, account_id, domain)
        if row is None:
            return
        outcome = schedule.after_check(row, findings[0].state, now=now)
        if outcome.is_proof_found and not row.is_proven:
            is_won = await queries.insert_proven(conn, account_id, domain, now.date())
            if is_won:
                await give_owner_roles(conn, account_id, domain, now=now)
                await events.tell(conn, account_id, "domain.verified", {"domain": domain}, now=now)
        elif row.is_proven:
            await queries.set_paused(conn, account_id, domain, is_paused=outcome.is_paused)
            if outcome.failing_since is not None and row.failing_since is None:
                await events.tell(conn, account_id, "domain.failing", {"domain": domain}, now=now)
        await queries.finish_check(
            conn,
            account_id,
            domain,
            checked_at=now,
            next_check_at=outcome.next_check_at,
            failing_since=outcome.failing_since,
            findings=_encode(findings),
        )


async def _ask(platform: Platform, row: DomainRow) -> tuple[Finding, ...]:
    """What DNS says about each record; the proof comes first."""
    resolver, domain = platform.resolver, row.domain
    proof, apex, mx, dmarc, dkim = await asyncio.gather(
        resolver.txt(records.name_of("proof", domain)),
        resolver.txt(domain),
        resolver.mx(domain),
        resolver.txt(records.name_of("dmarc", domain)),
        resolver.txt(records.asked_name_of_dkim(domain)),
    )
    return (
        records.judge_proof(proof, apex, proof_token=row.proof_token),
        records.judge_mx(mx, hostname=platform.hostname),
        records.judge_spf(apex),
        records.judge_dmarc(dmarc),
        records.judge_dkim(dkim),
    )

"""What administrators and the operator do with the domains that everybody may use, each with its note in the log.

`actor` is an administrator, or None for the operator at the command line. The caller owns the transaction.
"""

from datetime import datetime

from app.core.administration import audit
from app.core.auth.model import Actor
from app.core.domains import names
from app.core.domains import service as domains
from app.core.domains.roles import give_roles
from app.lib.db import Conn


async def add(conn: Conn, actor: Actor | None, name: str, *, now: datetime) -> str:
    """Take mail for a domain and let everybody make aliases there; its name in A-labels. Raises Invalid, Conflict."""
    domain = await domains.add_shared(conn, name, today=now.date())
    await give_roles(conn, now=now)
    await audit.note(conn, actor, "shared_domain_added", subject=domain)
    return domain


async def make_default(conn: Conn, actor: Actor | None, name: str) -> str:
    """Offer it first; its name in A-labels. Raises NotFound."""
    domain = names.asked_name(name)
    await domains.set_default(conn, domain)
    await audit.note(conn, actor, "shared_domain_default", subject=domain)
    return domain


async def remove(conn: Conn, actor: Actor | None, name: str) -> str:
    """Take no more mail for one that nobody has used; its name in A-labels. Raises NotFound, Conflict."""
    domain = names.asked_name(name)
    await domains.remove_shared(conn, domain)
    await audit.note(conn, actor, "shared_domain_removed", subject=domain)
    return domain

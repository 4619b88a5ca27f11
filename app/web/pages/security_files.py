"""Codes that were just shown, as a text file to print or to keep. They come back from the page: nobody stores them."""

from litestar import Response

from app.core.auth.model import Actor
from app.core.platform import Platform
from app.errors import Invalid
from app.lib.times import utc_today
from app.vault import tokens
from app.web import forms
from app.web.forms import AnyRequest
from app.web.headers import FILE_CSP
from app.web.pending import GivenPending
from app.web.session import GivenSession
from app.web.site import GivenPlatform

_MOST = 20
_RECOVERY = """\
Restante: recovery code

Service:  {service}
Login:    {login}
Made on:  {day}

    {codes}

Whoever has this code and the login can set a new password at
{service}/recover
Keep this paper where you keep what must not be lost. The code works once; you are then given another.
"""
_BACKUP = """\
Restante: backup codes of the second factor

Service:  {service}
Login:    {login}
Made on:  {day}

    {codes}

When you cannot use your authenticator app, type one of these after your password. Each works once: cross it out.
"""


async def submit_file(request: AnyRequest, platform: GivenPlatform, session: GivenSession) -> Response[bytes]:
    """The codes that the form holds, as `text/plain`. Raises Invalid for what is no code."""
    return await _file(request, platform, session.actor)


async def submit_pending_file(request: AnyRequest, platform: GivenPlatform, pending: GivenPending) -> Response[bytes]:
    """The same for who has just recovered the account, and whose second factor is outstanding."""
    return await _file(request, platform, pending.actor)


async def _file(request: AnyRequest, platform: Platform, actor: Actor) -> Response[bytes]:
    sent = [value for name, value in await forms.read_all(request) if name == "code"]
    recovery = [tokens.read_recovery_code(value) for value in sent]
    backup = [tokens.read_backup_code(value) for value in sent]
    read, text, name = (recovery, _RECOVERY, "recovery-code") if all(recovery) else (backup, _BACKUP, "backup-codes")
    codes = [code for code in read if code]
    if not codes or len(codes) != len(sent) or len(codes) > _MOST:
        raise Invalid("These are no codes of ours. Go back and make new ones.")
    filled = text.format(
        service=platform.public_url.rstrip("/"),
        login=actor.login,
        day=utc_today().isoformat(),
        codes="\n    ".join(codes),
    )
    return Response(
        filled.encode(),
        media_type="text/plain",
        headers={
            "Content-Disposition": f'attachment; filename="restante-{name}-{actor.login}.txt"',
            "Content-Security-Policy": FILE_CSP,
        },
    )

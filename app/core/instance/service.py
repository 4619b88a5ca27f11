"""Keeps a database from being used with an instance key that is not its own."""

from app.core.instance import queries
from app.errors import Conflict
from app.lib.db import Conn
from app.vault import tokens
from app.vault.instance import InstanceKey


async def check_key(conn: Conn, instance: InstanceKey) -> None:
    """Raise Conflict unless the database was made with this key; the first key it meets becomes its own.

    With another key no mail could be received or read, and new accounts would belong to a key that may go again.
    """
    key_check = instance.subkey("which key the database belongs to")
    await queries.insert_key_check(conn, key_check)
    if not tokens.secrets_equal(await queries.key_check(conn), key_check):
        raise Conflict(
            "This database was made with another instance key. Set RESTANTE_SECRET to the one it was made with, "
            "or put its file instance-secret back into the data directory; nothing was changed.",
            code="wrong_secret",
        )

"""What the operator sets about receiving mail."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes in bytes, times in seconds."""

    hostname: str
    """What the greeting says (RFC 5321 section 4.2)."""
    max_message_size: int
    timeout: int
    """A peer that sends no command for so long is told 421; RFC 5321 section 4.5.3.2 asks for 300."""
    max_connections: int
    """At once, to one process."""
    is_proxied: bool
    """Connections come through a load balancer that speaks PROXY protocol (version 1 or 2) before anything else."""

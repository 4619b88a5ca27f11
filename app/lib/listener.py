"""Listening TCP sockets, bound before processes are forked so that all of them accept from one queue."""

import errno
import socket

from app.errors import Conflict, Invalid

_BACKLOG = 1024
_LAST_PORT = 65_535


def bind_listener(host: str, port: int, *, backlog: int = _BACKLOG, reuse_port: bool = False) -> socket.socket:
    """A socket listening on an IPv4 or IPv6 address, or on the first address of a name. Port 0 lets the system choose.

    `::` takes IPv4 too, as addresses like `::ffff:192.0.2.1`. With `reuse_port` other sockets of the same user may
    bind the same port. Raises Conflict when the port is taken, Invalid when it cannot be had; both name host and port.
    """
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not 0 <= port <= _LAST_PORT:
        # The C library would quietly take it modulo 65536.
        raise Invalid(f"Cannot listen on {place}: a port is a number from 0 to {_LAST_PORT}.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise Invalid(f"Cannot listen on {place}: {host} is no address of this machine.") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        listener.bind(address)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise _refusal(place, error) from error
    return listener


def _refusal(place: str, error: OSError) -> Conflict | Invalid:
    match error.errno:
        case errno.EADDRINUSE:
            return Conflict(f"Cannot listen on {place}: another program does; stop it or choose another port.")
        case errno.EACCES | errno.EPERM:
            return Invalid(f"Cannot listen on {place}: not permitted; ports below 1024 need a privilege.")
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return Invalid(f"Cannot listen on {place}: this machine has no such address.")
        case _:
            return Invalid(f"Cannot listen on {place}: {error.strerror}.")

"""How many files and connections a process may have open: as many as the system lets it, up to 65,536."""

import resource

_ENOUGH = 65_536


def allow_many() -> None:
    """Raise this process's own limit to the hard one. Many systems begin with 1,024, and a web process alone holds more
    when a thousand requests wait.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

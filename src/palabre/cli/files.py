"""How many files and sockets this process may open."""

import resource


def raise_open_files() -> int:
    """Raises the limit as far as the system lets this process, and returns it.

    Every listener has an event stream, which is a socket, and a login shell grants 1,024 of them: that number is for
    programs that use select(2), and nothing here does.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most

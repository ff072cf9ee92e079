"""On which addresses Slurm listens, when nothing but this machine is certain.

Slurm binds either to every address or to that of the machine's own name, never to one it is told, and the name
may stand for 127.0.0.1, for 127.0.1.1 (Debian), for a container's outer address, or for nothing. Only the first
lets everything listen on the loopback interface alone; otherwise it listens everywhere, guarded by munge's key.
"""

import socket
from pathlib import Path

__all__ = ["communication_parameters", "host_name"]

HOSTS = Path("/etc/hosts")


def communication_parameters() -> list[str]:
    """What CommunicationParameters must hold for the daemons to be reached at 127.0.0.1."""
    restricted = ["NoInAddrAny", "NoCtldInAddrAny"] if is_loopback(socket.gethostname()) else []
    # Without any other interface, Slurm finds not even 127.0.0.1 unless it may look for both kinds of address.
    return restricted if has_outer_address() else [*restricted, "EnableIPv6"]


def is_loopback(name: str) -> bool:
    """Whether a name stands for 127.0.0.1 alone; only names in /etc/hosts are looked up."""
    try:
        lines = [line.partition("#")[0].split() for line in HOSTS.read_text(errors="replace").splitlines()]
    except OSError:
        return False
    if not any(name.lower() in map(str.lower, words[1:]) for words in lines):
        return False  # asking a name server that does not answer takes long
    try:
        return {answer[4][0] for answer in socket.getaddrinfo(name, None, socket.AF_INET)} == {"127.0.0.1"}
    except OSError:
        return False


def has_outer_address() -> bool:
    """Whether the C library sees an IPv4 address beside 127.0.0.1, in the way in which Slurm asks it."""
    try:
        return bool(socket.getaddrinfo("127.0.0.1", None, socket.AF_INET, flags=socket.AI_ADDRCONFIG))
    except OSError:
        return False


def host_name() -> str:
    """This machine's name as slurmctld compares it: up to the first dot."""
    return socket.gethostname().partition(".")[0] or "localhost"

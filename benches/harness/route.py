"""Every name leads to this machine.

The name of a connection stays as it is: mitmproxy uses a connection again only for the address it was
opened to, and opens at most five to one address.
"""

import socket

_look_up = socket.getaddrinfo


def _here(_host, *rest, **named):
    return _look_up("127.0.0.1", *rest, **named)


socket.getaddrinfo = _here

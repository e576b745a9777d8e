"""Leads mitmproxy's connections to the lab, whatever host they are for."""

import os


def server_connect(data):
    data.server.address = ("127.0.0.1", int(os.environ["LAB_PORT"]))

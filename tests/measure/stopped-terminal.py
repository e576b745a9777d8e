#!/usr/bin/env python3
"""Measures that a terminal whose output is stopped (Ctrl-S) slows no download.

Downloads 1 GiB through pullscope's live view twice: with the terminal taking its frames, and with
its output stopped all the while. Needs curl and a built pullscope; everything is on loopback.

    tests/measure/stopped-terminal.py [path of pullscope] [MiB]
"""

import fcntl
import http.server
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "target/release/pullscope"
SIZE = int(sys.argv[2] if len(sys.argv) > 2 else 1024) * 1024 * 1024
CHUNK = bytes(1024 * 1024)


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        for _ in range(SIZE // len(CHUNK)):
            self.wfile.write(CHUNK)

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/v2/big/blobs/x"
    with tempfile.TemporaryDirectory() as home:
        for stopped in (False, True, False, True):
            speed, drawn = download(url, home, stopped)
            state = "stopped" if stopped else "taking frames"
            print(f"terminal {state:14} {speed / 1e6:8.0f} MB/s   {drawn} bytes drawn meanwhile", flush=True)
    server.shutdown()


def download(url, home, stopped):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    view = subprocess.Popen(
        [PROGRAM, "record", "--tui", "--listen", "127.0.0.1:0", "--upstream-proxy", "none"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    screen = b""
    address = None
    while not address:
        screen += read(master, 10)
        address = re.search(rb"proxy\S* *(?:\x1b\[[^A-Za-z]*[A-Za-z])*(127\.0\.0\.1:\d+)", screen)
    if stopped:
        termios.tcflow(slave, termios.TCOOFF)
    drawn = 0
    proxy = f"http://{address.group(1).decode()}"
    began = time.monotonic()
    curl = subprocess.Popen(["curl", "-sS", "--noproxy", "", "-x", proxy, "-o", "/dev/null", url])
    while curl.poll() is None:
        drawn += len(read(master, 0.05))
    took = time.monotonic() - began
    assert curl.returncode == 0, curl.returncode
    if stopped:
        termios.tcflow(slave, termios.TCOON)
    view.terminate()
    while view.poll() is None:
        read(master, 0.1)
    os.close(slave)
    os.close(master)
    return SIZE / took, drawn


def read(master, seconds):
    ready, _, _ = select.select([master], [], [], seconds)
    return os.read(master, 65536) if ready else b""


main()

"""Runs inside mitmdump: writes down what it read from a HAR, as JSON, to READER_OUTPUT."""

import base64
import json
import os

flows = []


def text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def message(part):
    return {
        "headers": [[text(name), text(value)] for name, value in part.headers.fields],
        # Decoded, as the HAR holds it.
        "body": base64.b64encode(part.get_content(strict=False) or b"").decode(),
        "version": part.http_version,
    }


def response(flow):
    flows.append(
        {
            "method": flow.request.method,
            "url": flow.request.url,
            "status": flow.response.status_code,
            "started": flow.request.timestamp_start,
            "server": flow.server_conn.address[0] if flow.server_conn.address else None,
            "request": message(flow.request),
            "response": message(flow.response),
        }
    )


def done():
    with open(os.environ["READER_OUTPUT"], "w", encoding="utf-8") as file:
        json.dump(flows, file)

"""Writes down what haralyzer read from a HAR (first argument), as JSON, to the second."""

import json
import sys

from haralyzer import HarEntry, HarParser

parser = HarParser.from_file(sys.argv[1])
entries = [HarEntry(entry) for entry in parser.har_data["entries"]]


def headers(part):
    return [[header["name"], header["value"]] for header in part.headers]


def body(response):
    try:
        return response.text
    except KeyError:
        return None


read = {
    "version": parser.version,
    "creator": parser.creator["name"],
    "entries": [
        {
            "method": entry.request.method,
            "url": entry.request.url,
            "status": entry.response.status,
            "started": entry.startTime.timestamp(),
            "time": entry.time,
            "timings": [
                entry.timings[phase]
                for phase in ("dns", "connect", "ssl", "send", "wait", "receive")
            ],
            "server": entry.get("serverIPAddress"),
            "port": entry.port if "connection" in entry else None,
            "request": {
                "headers": headers(entry.request),
                "text": entry.request.text,
                "bodySize": entry.request.bodySize,
                "headersSize": entry.request.headersSize,
            },
            "response": {
                "headers": headers(entry.response),
                "text": body(entry.response),
                "encoding": entry.response.textEncoding,
                "mimeType": entry.response.mimeType,
                "contentSize": entry.response.contentSize,
                "bodySize": entry.response.bodySize,
                "headersSize": entry.response.headersSize,
                "redirectURL": entry.response.redirectURL,
            },
        }
        for entry in entries
    ],
}

with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(read, file)

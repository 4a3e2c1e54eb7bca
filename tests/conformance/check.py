"""Runs every check against the server whose log is named, and prints a table.

The server's address is read from its log; a directory is created for each part by the management API.
"""

import functools
import json
import os
import sys
import time
import traceback
import urllib.request

import round_trip
import security_events
import tester


def address(log: str) -> str:
    """The URL that the server logs when it listens, once it says that it is ready."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict) and entry.get("message") == "listening":
                    url = "http://" + entry["address"]
                    if ready(url):
                        return url
        time.sleep(0.05)
    sys.exit("conformance: the server did not get ready")


def ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def api(url: str, path: str, body: dict, method: str = "POST") -> dict:
    """A request to the management API, as an administrator makes it."""
    request = urllib.request.Request(
        url + "/api/v1" + path,
        data=json.dumps(body).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["ROLLCALL_ADMIN_KEY"],
            "Content-Type": "application/json",
        },
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def directory(url: str, domain: str) -> tuple[str, str]:
    """Creates a directory with the settings that every new one has; its SCIM base URL and its token."""
    created = api(url, "/directories", {"organization": domain})
    return created["scim_url"], created["key"]["token"]


def main() -> int:
    url = address(sys.argv[1])
    rows: list[tuple[str, str, str]] = []
    parts = {
        "scim2-tester": tester.run,
        "scim2-client": round_trip.run,
        "joserfc": lambda base, token: security_events.run(base, token, functools.partial(api, url)),
    }
    for name, part in parts.items():
        try:
            checks = part(*directory(url, name + ".example"))
        except Exception:  # a part that breaks off is a failure like any other
            checks = [("ERROR", "the whole part", traceback.format_exc())]
        rows.extend((status, name, what + (f": {why}" if why else "")) for status, what, why in checks)
    for status, name, what in rows:
        print(f"{status:<10} {name:<12} {what}")
    bad = [row for row in rows if row[0] not in ("SUCCESS", "COMPLIANT", "ACCEPTABLE")]
    print(f"{len(rows)} checks, {len(bad)} of them failed or skipped")
    return 1 if bad or not rows else 0


if __name__ == "__main__":
    sys.exit(main())

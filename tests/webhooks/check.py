"""Lets Rollcall send webhooks of every type to a receiver here, and verifies each with `standardwebhooks` from PyPI.

What was received is written down with the secrets, for the verifiers that are not written in Python.
"""

import json
import os
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

CAPTURED = []
LOCK = threading.Lock()


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with LOCK:
            CAPTURED.append({"path": self.path, "headers": headers, "body": body.decode()})
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def address(log: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict) and entry.get("message") == "listening":
                    return "http://" + entry["address"]
        time.sleep(0.05)
    sys.exit("webhooks: the server did not get ready")


def settled(url: str) -> str:
    """Waits until the directory of the first start has announced itself: what is sent to an endpoint before its secret is
    rotated is signed with the first secret only."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url + "/metrics", timeout=5) as answer:
                for line in answer.read().decode().splitlines():
                    if line.startswith("rollcall_dispatched_events_total ") and float(line.split()[1]) >= 2:
                        return url
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit("webhooks: the first start told nothing")


class Api:
    def __init__(self, url: str):
        self.url = url

    def __call__(self, method: str, path: str, body=None, token=None, kind="application/json"):
        base = "" if path.startswith("http") else self.url + "/api/v1"
        request = urllib.request.Request(
            base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + (token or os.environ["ROLLCALL_ADMIN_KEY"]), "Content-Type": kind},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None


def wait_for(count: int) -> list:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with LOCK:
            if len(CAPTURED) >= count:
                return list(CAPTURED)
        time.sleep(0.05)
    sys.exit(f"webhooks: {len(CAPTURED)} of {count} came")


def drive(api: Api, receiver: str) -> dict:
    """Sends events that happened and tests of every type; the secrets by path of the receiver."""
    v1 = api("POST", "/endpoints", {"url": receiver + "/v1"})
    v1a = api("POST", "/endpoints", {"url": receiver + "/v1a", "signing": "v1a"})
    rotated = api("POST", "/endpoints", {"url": receiver + "/rotated"})
    new = api("POST", f"/endpoints/{rotated['id']}/rotate-secret")
    directory = api("POST", "/directories", {"organization": "contoso.example"})
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "zoë@contoso.example",
        "displayName": "Zoë \u2028 \U0001f600 \"quoted\"",
        "active": True,
    }
    api("POST", directory["scim_url"] + "/Users", user, directory["key"]["token"], "application/scim+json")
    types = [entry["type"] for entry in api("GET", "/event-types")["data"]]
    for endpoint in (v1, v1a, rotated):
        for kind in types:
            api("POST", f"/endpoints/{endpoint['id']}/test", {"type": kind})
    captured = wait_for(3 * (3 + len(types)))
    return {
        "captured": captured,
        "secrets": {"/v1": [v1["secret"]], "/rotated": [rotated["secret"], new["secret"]]},
        "public_keys": {"/v1a": [v1a["public_key"]]},
        "types": types,
    }


def verify(run: dict) -> int:
    accepted = 0
    for webhook in run["captured"]:
        for secret in run["secrets"].get(webhook["path"], []):
            Webhook(secret).verify(webhook["body"], webhook["headers"])
            accepted += 1
            try:
                Webhook(secret).verify(webhook["body"] + " ", webhook["headers"])
            except WebhookVerificationError:
                continue
            sys.exit("webhooks: a forged body was accepted")
    return accepted


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run = drive(Api(settled(address(sys.argv[1]))), f"http://127.0.0.1:{server.server_port}")
    sent = {json.loads(webhook["body"])["type"] for webhook in run["captured"]}
    missing = set(run["types"]) - sent
    if missing:
        sys.exit(f"webhooks: nothing was sent of {sorted(missing)}")
    print(f"ok    {verify(run):4d} accepted  standardwebhooks (Python), v1")
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        json.dump(run, out)


main()

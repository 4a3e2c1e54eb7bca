"""joserfc: Security Event Tokens as somebody else's JOSE library verifies them, with the keys the server publishes."""

import json
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet

PREFIX = "urn:ietf:params:scim:event:prov:"


class Feed(BaseHTTPRequestHandler):
    """A receiver of RFC 8935."""

    tokens: "Queue[tuple[str, str]]" = Queue()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.tokens.put((self.headers["Content-Type"], body))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def run(base_url: str, token: str, api: Callable[[str, dict[str, Any]], Any]) -> list[tuple[str, str, str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/feed"
    # Only this directory's: where no tokens are sent, ServiceProviderConfig says nothing of them.
    directory = base_url.split("/directories/")[1].split("/")[0]
    endpoint = {"url": url, "format": "set", "ordered": True, "audience": "urn:the-app", "directory_ids": [directory]}
    api("/endpoints", endpoint)
    user = scim(base_url, token, "POST", "/Users", {"userName": "set@example.com", "active": True})
    path = "/Users/" + user["id"]
    operations = [{"op": "Replace", "path": "active", "value": "False"}]
    scim(base_url, token, "PATCH", path, {"Operations": operations})
    scim(base_url, token, "DELETE", path, None)

    origin = base_url.split("/directories/")[0]
    with urllib.request.urlopen(origin + "/.well-known/jwks.json", timeout=30) as answer:
        keys = KeySet.import_key_set(json.load(answer))
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": origin}, aud={"essential": True, "value": "urn:the-app"}
    )
    checks = []
    for name in ("create:full", "deactivate", "delete"):
        kind, text = Feed.tokens.get(timeout=30)
        token_read = jwt.decode(text, keys, algorithms=["EdDSA", "Ed25519"])
        claims.validate(token_read.claims)
        good = (
            kind == "application/secevent+jwt"
            and token_read.header["typ"] == "secevent+jwt"
            and list(token_read.claims["events"]) == [PREFIX + name]
            and token_read.claims["sub_id"]["uri"] == path
            and "sub" not in token_read.claims
        )
        checks.append(("SUCCESS" if good else "ERROR", f"verifies the token of {name}", "" if good else text))
    server.shutdown()
    return checks


def scim(base_url: str, token: str, method: str, path: str, body: dict[str, Any] | None) -> Any:
    request = urllib.request.Request(
        base_url + path,
        data=None if body is None else json.dumps({"schemas": schemas(method), **body}).encode(),
        headers={"Authorization": "Bearer " + token, "Content-Type": "application/scim+json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def schemas(method: str) -> list[str]:
    patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    return [patch if method == "PATCH" else "urn:ietf:params:scim:schemas:core:2.0:User"]

"""Apps as people write them in Python: authlib logs people in, joserfc looks at every token.

Run by stage.mjs, which says in STAGE where the installation, its provider and its people are.
"""

import json
import logging
import os
import secrets
import sys
import threading
import time
import traceback
import urllib.request
from collections.abc import Callable
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from flask import Flask, jsonify, request, session
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from joserfc.jws import JWSRegistry
from werkzeug.serving import make_server

STAGE = json.loads(os.environ["STAGE"])
ISSUER = STAGE["issuer"]
GRACE, LINUS = STAGE["people"]
SCOPE = "openid profile email offline_access"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def call(method: str, url: str, token: str, body: Any = None, kind: str = "application/json") -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    data = None if body is None else json.dumps(body).encode()
    wanted = urllib.request.Request(url, data=data, headers=headers, method=method)
    with urllib.request.urlopen(wanted, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def register(**fields: Any) -> dict[str, Any]:
    """An app of the installation."""
    body = {"name": "Python", **fields}
    return call("POST", STAGE["url"] + "/api/v1/sso-clients", os.environ["ROLLCALL_ADMIN_KEY"], body)


def set_active(name: str, active: bool) -> None:
    """What the identity provider does when somebody leaves, or is back."""
    schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    body = {"schemas": schemas, "Operations": [{"op": "Replace", "path": "active", "value": active}]}
    scim = STAGE["scim"]
    url = f"{scim['url']}/Users/{STAGE['people'][name]}"
    call("PATCH", url, scim["token"], body, "application/scim+json")


def metadata() -> dict[str, Any]:
    return requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=30).json()


def keys() -> KeySet:
    return KeySet.import_key_set(requests.get(metadata()["jwks_uri"], timeout=30).json())


def read(text: str, kind: str) -> Any:
    """A token whose header and signature are right. The registry takes no header that it does not know."""
    token = jwt.decode(text, keys(), registry=JWSRegistry(algorithms=["RS256"]))
    assert token.header["typ"] == kind, token.header
    assert token.header["kid"], token.header
    return token


def visit(url: str, until: str) -> str:
    """Sends a browser of its own to `url`, and returns the address below `until` that it is sent back to."""
    browser = requests.Session()
    for _ in range(20):
        if url.startswith(until):
            return url
        answer = browser.get(url, allow_redirects=False, timeout=30)
        assert answer.is_redirect, f"{url}: {answer.status_code} {answer.text[:500]}"
        url = requests.compat.urljoin(url, answer.headers["location"])
    raise AssertionError("too many redirects")


class WebApp:
    """A Flask app with authlib's client: what the guides of both show, and an address for logouts."""

    def __init__(self) -> None:
        app = Flask("app")
        app.secret_key = secrets.token_hex(32)
        self.logouts: "Queue[tuple[str, str]]" = Queue()
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.client = register(
            authentication="client_secret",
            redirect_uris=[f"{self.url}/callback"],
            post_logout_redirect_uris=[f"{self.url}/bye"],
            backchannel_logout_uri=f"{self.url}/logout",
        )
        oauth = OAuth(app)
        oauth.register(
            "rollcall",
            client_id=self.client["id"],
            client_secret=self.client["client_secret"],
            server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
            client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"},
        )

        @app.errorhandler(OAuthError)
        def refused(error: OAuthError) -> Any:
            return str(error), 400

        @app.get("/login")
        def login() -> Any:
            return oauth.rollcall.authorize_redirect(
                f"{self.url}/callback",
                connection=STAGE["connection"],
                login_hint=request.args["as"],
            )

        @app.get("/callback")
        def callback() -> Any:
            token = oauth.rollcall.authorize_access_token()
            session["sub"] = token["userinfo"]["sub"]
            return jsonify(token=token, userinfo=oauth.rollcall.userinfo(token=token))

        @app.get("/leave")
        def leave() -> Any:
            return jsonify(oauth.rollcall.create_logout_url(f"{self.url}/bye", request.args["hint"]))

        @app.post("/logout")
        def logout() -> Any:
            self.logouts.put((request.content_type or "", request.form["logout_token"]))
            return "", 200

        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def log_in(self, name: str, browser: requests.Session | None = None) -> dict[str, Any]:
        browser = browser or requests.Session()
        answer = browser.get(f"{self.url}/login", params={"as": name}, timeout=30)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:500]}"
        return answer.json()


class DeviceApp:
    """A program on somebody's machine: no secret, PKCE, and whatever port is free."""

    redirect_uri = "http://127.0.0.1:50123/cb"

    def __init__(self, client_id: str, **more: Any) -> None:
        self.about = metadata()
        self.session = OAuth2Session(
            client_id, redirect_uri=self.redirect_uri, scope=SCOPE, code_challenge_method="S256", **more
        )

    def begin(self, name: str) -> tuple[str, str, str]:
        verifier, nonce = generate_token(64), generate_token()
        url, state = self.session.create_authorization_url(
            self.about["authorization_endpoint"],
            code_verifier=verifier,
            nonce=nonce,
            connection=STAGE["connection"],
            login_hint=name,
        )
        self.state = state
        return url, verifier, nonce

    def finish(self, back: str, verifier: str) -> dict[str, Any]:
        return self.session.fetch_token(
            self.about["token_endpoint"], authorization_response=back, code_verifier=verifier, state=self.state
        )

    def log_in(self, name: str) -> tuple[dict[str, Any], str]:
        url, verifier, nonce = self.begin(name)
        return self.finish(visit(url, self.redirect_uri), verifier), nonce

    def claims(self, token: dict[str, Any], nonce: str | None) -> CodeIDToken:
        """What authlib makes of an ID token, after joserfc has looked at it."""
        decoded = read(token["id_token"], "JWT")
        options = {"iss": {"essential": True, "value": ISSUER}}
        params = {"client_id": self.session.client_id, "nonce": nonce, "access_token": token["access_token"]}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(leeway=0)
        return claims


def error_of(body: Callable[[], Any]) -> str:
    try:
        body()
    except OAuthError as error:
        return str(error.error)
    return "no error"


def a_web_app_logs_somebody_in(web: WebApp) -> None:
    came = web.log_in(GRACE)
    token, userinfo = came["token"], came["userinfo"]
    assert userinfo["sub"] == STAGE["people"][GRACE], userinfo
    assert userinfo["sub"] == token["userinfo"]["sub"]
    assert userinfo["email"] == f"mail-of-{GRACE}", userinfo
    assert token["userinfo"]["aud"] == web.client["id"]
    assert token["access_token"].count(".") != 2, "what opens the door is for us to read, and no JWT"


def an_app_on_a_device_logs_somebody_in(_: WebApp) -> None:
    client = register(authentication="none", redirect_uris=["http://127.0.0.1/cb"])
    app = DeviceApp(client["id"], token_endpoint_auth_method="none")
    token, nonce = app.log_in(GRACE)
    claims = app.claims(token, nonce)
    assert claims["sub"] == STAGE["people"][GRACE]
    assert claims["sid"] and claims["at_hash"] and claims["auth_time"] <= claims["iat"]
    assert 0 < claims["exp"] - claims["iat"] <= 3600
    # What is right for one login is wrong for another.
    try:
        app.claims(token, generate_token())
    except Exception as error:  # noqa: BLE001: whatever authlib calls it
        assert "nonce" in str(error), error
    else:
        raise AssertionError("another nonce was taken")


def a_refresh_token_is_replaced_and_the_old_one_ends_the_session(_: WebApp) -> None:
    client = register(authentication="none", redirect_uris=["http://127.0.0.1/cb"])
    app = DeviceApp(client["id"], token_endpoint_auth_method="none")
    first, nonce = app.log_in(GRACE)
    before = app.claims(first, nonce)
    url = app.about["token_endpoint"]
    second = app.session.refresh_token(url, refresh_token=first["refresh_token"])
    # OpenID Connect Core §12.2: the same person, session and time of login, and no nonce is demanded.
    after = app.claims(second, None)
    for name in ("iss", "sub", "aud", "sid", "auth_time"):
        assert before[name] == after[name], name
    assert second["refresh_token"] != first["refresh_token"]
    assert error_of(lambda: app.session.refresh_token(url, refresh_token=first["refresh_token"])) == "invalid_grant"
    assert error_of(lambda: app.session.refresh_token(url, refresh_token=second["refresh_token"])) == "invalid_grant"


def an_app_proves_itself_by_a_key(_: WebApp) -> None:
    key = ECKey.generate_key("P-256", parameters={"kid": "python", "use": "sig", "alg": "ES256"})
    public = {"keys": [key.as_dict(private=False)]}
    client = register(authentication="private_key_jwt", redirect_uris=["http://127.0.0.1/cb"], jwks=public)
    app = DeviceApp(client["id"], client_secret=key, token_endpoint_auth_method="private_key_jwt")
    method = PrivateKeyJWT(app.about["token_endpoint"], alg="ES256", headers={"kid": "python"})
    app.session.register_client_auth_method(method)
    token, nonce = app.log_in(GRACE)
    assert app.claims(token, nonce)["sub"] == STAGE["people"][GRACE]
    other = ECKey.generate_key("P-256")
    app = DeviceApp(client["id"], client_secret=other, token_endpoint_auth_method="private_key_jwt")
    app.session.register_client_auth_method(method)
    assert error_of(lambda: app.log_in(GRACE)) == "invalid_client"


def the_answer_to_a_login_of_another_browser_is_refused_by_the_app(web: WebApp) -> None:
    answer = requests.get(f"{web.url}/login", params={"as": GRACE}, allow_redirects=False, timeout=30)
    back = visit(answer.headers["location"], f"{web.url}/callback")
    assert parse_qs(urlsplit(back).query)["iss"] == [ISSUER]
    assert requests.get(back, timeout=30).status_code == 400, "authlib knows no such state"


def an_app_that_is_told_of_a_logout_can_trust_it(web: WebApp) -> None:
    came = web.log_in(LINUS)
    sid = read(came["token"]["id_token"], "JWT").claims["sid"]
    set_active(LINUS, False)
    kind, text = web.logouts.get(timeout=60)
    set_active(LINUS, True)
    assert kind == "application/x-www-form-urlencoded", kind
    claims = read(text, "logout+jwt").claims
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": web.client["id"]},
        sub={"essential": True, "value": STAGE["people"][LINUS]},
        sid={"essential": True, "value": sid},
        jti={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
    )
    registry.validate(claims)
    assert claims["events"] == {LOGOUT: {}}, claims
    assert "nonce" not in claims, "else it could be taken for an ID token"
    assert claims["exp"] - claims["iat"] <= 120 and abs(claims["iat"] - time.time()) < 60
    # The other way round: no logout token opens anything, and no ID token logs anybody out.
    assert requests.get(f"{ISSUER}/userinfo", headers={"Authorization": f"Bearer {text}"}, timeout=30).status_code == 401
    hint = requests.get(f"{ISSUER}/logout", params={"id_token_hint": text}, timeout=30)
    assert hint.status_code == 400, hint.status_code


def an_app_sends_somebody_to_log_out(web: WebApp) -> None:
    came = web.log_in(GRACE)
    token = came["token"]
    leave = requests.get(f"{web.url}/leave", params={"hint": token["id_token"]}, timeout=30).json()
    answer = requests.get(leave["url"], allow_redirects=False, timeout=30)
    assert answer.headers["location"] == f"{web.url}/bye?state={leave['state']}", answer.headers
    after = requests.get(f"{ISSUER}/userinfo", headers={"Authorization": f"Bearer {token['access_token']}"}, timeout=30)
    assert after.status_code == 401


CHECKS = [
    a_web_app_logs_somebody_in,
    an_app_on_a_device_logs_somebody_in,
    a_refresh_token_is_replaced_and_the_old_one_ends_the_session,
    an_app_proves_itself_by_a_key,
    the_answer_to_a_login_of_another_browser_is_refused_by_the_app,
    an_app_that_is_told_of_a_logout_can_trust_it,
    an_app_sends_somebody_to_log_out,
]


def main() -> int:
    # Its lines hold addresses with codes.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    web, failed = WebApp(), 0
    for check in CHECKS:
        what = check.__name__.replace("_", " ")
        try:
            check(web)
            print(f"ok    {what}", flush=True)
        except Exception:  # noqa: BLE001: each check is told of by itself
            failed += 1
            print(f"FAIL  {what}\n{traceback.format_exc()}", flush=True)
    web.server.shutdown()
    print(f"{len(CHECKS)} checks of apps in Python, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""MSAL gets tokens from the simulator, and is refused as Entra ID refuses.

tokens.py URL
"""

import datetime
import sys

import msal
import requests

from credentials import Credential
from simulator import Checks, Simulator, Tenant

SECRET = "p+w & =~% ü8Q~value"


def token(tenant: Tenant, app: str, credential: object, authority: str | None = None, scope: str | None = None) -> dict:
    url = tenant.simulator.url
    client = msal.ConfidentialClientApplication(
        app,
        authority=f"{url}/{authority or tenant.id}",
        client_credential=credential,
        instance_discovery=False,
    )
    return client.acquire_token_for_client(scopes=[scope or f"{url}/.default"])


def refused(answer: dict, code: int, error: str) -> None:
    """The answer has this number, and the lines and ids that every refusal of Entra ID has."""
    assert answer.get("error_codes") == [code], answer
    assert answer["error"] == error, answer
    first, *lines = answer["error_description"].split("\r\n")
    assert first.startswith(f"AADSTS{code}: "), first
    assert [line.split(":")[0] for line in lines] == ["Trace ID", "Correlation ID", "Timestamp"], lines
    assert answer["trace_id"] in lines[0] and answer["correlation_id"] in lines[1], answer


def get(simulator: Simulator, answer: dict, path: str) -> requests.Response:
    headers = {"authorization": f"Bearer {answer['access_token']}", "client-request-id": "5a4bbd0e-0000-4000-8000-000000000001"}
    return requests.get(f"{simulator.url}/v1.0{path}", headers=headers, timeout=30)


def main(url: str) -> int:
    simulator, checks = Simulator(url), Checks("msal")
    tenant, other = simulator.tenant("fabrikam.example"), simulator.tenant("contoso.example")
    known, unknown = Credential(), Credential()
    old = Credential(datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc))
    ended = {"secret": {"value": "ended", "not_after": "2020-01-01T00:00:00Z"}}
    certificates = [{"certificate": credential.pem} for credential in (known, old)]
    app = tenant.app(["User.Read.All"], {"secret": {"value": SECRET}}, ended, *certificates)
    unconsented = tenant.call("POST", "/apps", {"name": "Without", "permissions": ["User.Read.All"], "consented": [], "credentials": [{"secret": {"value": SECRET}}]})["client_id"]

    def works(credential: object, authority: str | None = None):
        def body() -> None:
            answer = token(tenant, app, credential, authority)
            assert answer.get("token_type") == "Bearer" and 3_000 < answer["expires_in"] < 5_400, answer
            assert get(simulator, answer, "/users").status_code == 200

        return body

    def fails(credential: object, code: int, error: str = "invalid_client", **where: str):
        return lambda: refused(token(tenant, where.pop("app", app), credential, **where), code, error)

    checks.check("a certificate, named by SHA-256 and signed with PS256", works(known.today()))
    checks.check("a certificate, named by SHA-1 and signed with RS256", works(known.legacy()))
    checks.check("a secret with signs that a form must encode", works(SECRET))
    checks.check("the tenant by its domain", works(known.today(), "fabrikam.example"))
    checks.check("a certificate that is not registered", fails(unknown.today(), 700027))
    checks.check("a certificate that is not registered, by SHA-1", fails(unknown.legacy(), 700027))
    checks.check("another key under a registered thumbprint", fails({"private_key": unknown.key, "thumbprint": known.sha1}, 700027))
    checks.check("a certificate that has ended", fails(old.today(), 700027))
    checks.check("a wrong secret", fails("wrong", 7000215))
    checks.check("a secret that has ended", fails("ended", 7000222))
    checks.check("an app that nobody registered", fails(SECRET, 700016, "unauthorized_client", app="00000000-0000-4000-8000-000000000009"))
    checks.check("a tenant that has not the app", lambda: refused(token(other, app, SECRET), 700016, "unauthorized_client"))
    checks.check("a resource that there is not", fails(SECRET, 500011, "invalid_resource", scope="https://nowhere.example/.default"))

    def tenants() -> None:
        try:
            token(tenant, app, SECRET, authority="00000000-0000-4000-8000-000000000001")
        except ValueError as error:
            # MSAL looks the tenant up first. What it was told is the cause of what it says.
            told = str(error.__context__)
            assert "AADSTS90002" in told and "invalid_tenant" in told, told
        else:
            raise AssertionError("there is no such tenant")

    checks.check("a tenant that there is not", tenants)

    def forbidden() -> None:
        answer = token(tenant, unconsented, SECRET)
        told = get(simulator, answer, "/users")
        assert (told.status_code, told.json()["error"]["code"]) == (403, "Authorization_RequestDenied"), told.text

    checks.check("an app without consent gets a token that opens nothing", forbidden)

    def disabled() -> None:
        tenant.call("PATCH", f"/apps/{unconsented}", {"disabled": True})
        refused(token(tenant, unconsented, SECRET), 7000112, "unauthorized_client")

    checks.check("an app that is disabled", disabled)

    def transient() -> None:
        tenant.call("POST", "/faults", {"action": {"kind": "token", "code": 90033}, "path": "/oauth2/", "next": 1})
        try:
            token(tenant, app, known.today())
        except msal.exceptions.MsalServiceError as error:
            assert "503" in str(error), error
        else:
            raise AssertionError("it was to be refused")
        works(known.today())()

    checks.check("a refusal that passes", transient)

    def expired() -> None:
        answer = token(tenant, app, SECRET)
        simulator.call("POST", "/clock", {"seconds": 2 * 60 * 60})
        told = get(simulator, answer, "/users")
        assert (told.status_code, told.json()["error"]["code"]) == (401, "InvalidAuthenticationToken"), told.text
        assert "WWW-Authenticate" in told.headers

    checks.check("a token ends", expired)

    def late() -> None:
        # The clock of the simulator is two hours ahead now.
        refused(token(tenant, app, known.today()), 700024, "invalid_client")

    checks.check("an assertion that has ended", late)
    checks.check("MSAL never uses an assertion twice", lambda: None if "assertion_reused" not in simulator.broken() else sys.exit(1))
    return checks.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""scim2-tester: all of its checks, several times, because it makes up values at random."""

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

ROUNDS = 3


def run(base_url: str, token: str) -> list[tuple[str, str, str]]:
    checks = []
    for turn in range(ROUNDS):
        with Client(base_url=base_url, headers={"Authorization": "Bearer " + token}, timeout=30) as http:
            results = check_server(SyncSCIMClient(http))
        for result in results:
            passed = result.status in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE)
            what = f"round {turn + 1} {result.resource_type or 'server'} {result.title}"
            why = first_line(result.reason) if passed else f"{result.reason} {result.data}"
            checks.append((result.status.name, what, why))
    return checks


def first_line(text: str | None) -> str:
    return (text or "").split("\n", 1)[0][:120]

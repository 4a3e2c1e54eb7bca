"""The simulator as tests see it from behind, and the count of checks."""

import traceback

import requests


class Simulator:
    def __init__(self, url: str):
        self.url = url

    def call(self, method: str, path: str, body: object = None) -> object:
        answer = requests.request(method, f"{self.url}/_sim{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def tenant(self, domain: str) -> "Tenant":
        return Tenant(self, self.call("POST", "/tenants", {"domain": domain})["id"])

    def broken(self) -> dict[str, int]:
        """How often each rule of good manners was broken."""
        return self.call("GET", "/requests")["broken"]

    def now(self) -> str:
        return self.call("GET", "")["now"]


class Tenant:
    def __init__(self, simulator: Simulator, id: str):
        self.simulator, self.id = simulator, id

    def call(self, method: str, path: str, body: object = None) -> object:
        return self.simulator.call(method, f"/tenants/{self.id}{path}", body)

    def make(self, what: str, **properties: object) -> str:
        return self.call("POST", f"/{what}", properties)["id"]

    def app(self, permissions: list[str], *credentials: object) -> str:
        new = {"name": "Pull", "permissions": permissions, "credentials": list(credentials)}
        return self.call("POST", "/apps", new)["client_id"]


class Checks:
    """Runs checks, prints a line for each, and says at the end how many there were."""

    def __init__(self, name: str):
        self.name, self.made, self.failed = name, 0, 0

    def _done(self, what: str, error: BaseException | None) -> None:
        self.made += 1
        self.failed += error is not None
        print(f"{'FAIL' if error else 'ok  '}  {what}", flush=True)
        if error:
            traceback.print_exception(error)

    def check(self, what: str, body) -> None:
        try:
            body()
        except Exception as error:
            self._done(what, error)
        else:
            self._done(what, None)

    async def check_async(self, what: str, body) -> None:
        try:
            await body()
        except Exception as error:
            self._done(what, error)
        else:
            self._done(what, None)

    def end(self) -> int:
        print(f"{self.name}: {self.made} checks, {self.failed} failed")
        return 1 if self.failed else 0

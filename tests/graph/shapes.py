"""Microsoft's SDK for Python reads the simulator's answers into its types.

shapes.py URL
"""

import asyncio
import sys
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import msal
from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator, BaseBearerTokenAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import GetByIdsPostRequestBody
from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder as GroupsDelta
from msgraph.generated.groups.item.transitive_members.graph_user.graph_user_request_builder import GraphUserRequestBuilder
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.models.user import User
from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder as UsersDelta
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core import GraphClientFactory
from msgraph_core.requests.batch_request_content import BatchRequestContent

from simulator import Checks, Simulator, Tenant

PERMISSIONS = ["User.Read.All", "Group.Read.All", "Application.Read.All"]


class Tokens(AccessTokenProvider):
    """Tokens by MSAL, for the simulator's host alone."""

    def __init__(self, tenant: Tenant, app: str, secret: str):
        url = tenant.simulator.url
        self.scopes = [f"{url}/.default"]
        authority = f"{url}/{tenant.id}"
        self.client = msal.ConfidentialClientApplication(
            app, authority=authority, client_credential=secret, instance_discovery=False
        )

    async def get_authorization_token(self, uri: str, additional_authentication_context: dict = {}) -> str:
        return self.client.acquire_token_for_client(scopes=self.scopes)["access_token"]

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator(["localhost"])


class Hook(BaseHTTPRequestHandler):
    """Takes change notifications."""

    notifications: list[bytes] = []
    came = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        token = parse_qs(urlsplit(self.path).query).get("validationToken")
        if not token:
            Hook.notifications.append(body)
            Hook.came.set()
        self.send_response(200 if token else 202)
        self.send_header("content-type", "text/plain")
        self.end_headers()
        if token:
            self.wfile.write(token[0].encode())

    def log_message(self, *_: object) -> None:
        pass


def client(tenant: Tenant, app: str, secret: str) -> GraphServiceClient:
    provider = BaseBearerTokenAuthenticationProvider(Tokens(tenant, app, secret))
    http = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(timeout=30))
    adapter = GraphRequestAdapter(provider, client=http)
    adapter.base_url = f"{tenant.simulator.url}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


async def shapes(url: str) -> int:
    simulator, checks = Simulator(url), Checks("msgraph-sdk")
    tenant = simulator.tenant("fabrikam.example")
    # Earlier programs have moved the clock; secrets are good from the beginning.
    app = tenant.app(PERMISSIONS, {"secret": {"value": "shapes"}})
    graph = client(tenant, app, "shapes")
    boss = tenant.make("users", displayName="Noor", userPrincipalName="noor@fabrikam.example")
    dana = tenant.make(
        "users", displayName="Dana", accountEnabled=False, businessPhones=["+32 2 1"], jobTitle="Driver",
        employeeOrgData={"division": "North", "costCenter": "7"}, employeeHireDate="2024-03-01T00:00:00Z",
    )
    gone = tenant.make("users", displayName="Gone")
    tenant.call("PUT", f"/users/{dana}/manager", {"id": boss})
    outer, inner = tenant.make("groups", displayName="Outer"), tenant.make("groups", displayName="Inner")
    device = tenant.make("devices", displayName="Scanner")
    tenant.call("POST", f"/groups/{outer}/members", {"add": [inner, device]})
    tenant.call("POST", f"/groups/{inner}/members", {"add": [dana, outer]})

    async def users_in_rounds() -> None:
        query = UsersDelta.DeltaRequestBuilderGetQueryParameters(
            select=["displayName", "accountEnabled", "businessPhones", "employeeOrgData", "employeeHireDate", "manager"]
        )
        first = await graph.users.delta.get(RequestConfiguration(query_parameters=query))
        people = {user.id: user for user in first.value}
        assert isinstance(people[dana], User) and people[dana].account_enabled is False
        assert people[dana].business_phones == ["+32 2 1"]
        assert people[dana].employee_org_data.cost_center == "7"
        assert people[dana].employee_hire_date.year == 2024
        assert str(people[dana].additional_data["manager@delta"][0]["id"]) == boss, people[dana].additional_data
        assert first.odata_next_link is None and first.odata_delta_link
        tenant.call("DELETE", f"/users/{gone}")
        second = await graph.users.delta.with_url(first.odata_delta_link).get()
        assert [user.id for user in second.value] == [gone]
        assert second.value[0].additional_data["@removed"] == {"reason": "changed"}

    await checks.check_async("users and what is removed, by delta queries", users_in_rounds)

    async def groups_in_rounds() -> None:
        query = GroupsDelta.DeltaRequestBuilderGetQueryParameters(select=["displayName", "securityEnabled", "members"])
        first = await graph.groups.delta.get(RequestConfiguration(query_parameters=query))
        groups = {group.id: group for group in first.value}
        assert isinstance(groups[outer], Group) and groups[outer].security_enabled is True
        members = {str(one["id"]): one["@odata.type"] for one in groups[outer].additional_data["members@delta"]}
        assert members == {inner: "#microsoft.graph.group", device: "#microsoft.graph.device"}

    await checks.check_async("groups and their members, by delta queries", groups_in_rounds)

    async def listed() -> None:
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            select=["id", "jobTitle"], top=1, expand=["manager($levels=1;$select=id)"]
        )
        page = await graph.users.get(RequestConfiguration(query_parameters=query))
        people = list(page.value)
        while page.odata_next_link:
            page = await graph.users.with_url(page.odata_next_link).get()
            people += page.value
        found = {user.id: user for user in people}
        assert set(found) == {boss, dana} and found[dana].manager.id == boss and found[dana].job_title == "Driver"

    await checks.check_async("a list in pages, with managers", listed)

    async def one_user() -> None:
        user = await graph.users.by_user_id(dana).get()
        assert user.display_name == "Dana" and user.account_enabled is None, "what is not selected is not told"
        manager = await graph.users.by_user_id(dana).manager.get()
        assert isinstance(manager, User) and manager.id == boss

    await checks.check_async("a user and whom they report to", one_user)

    async def members() -> None:
        direct = await graph.groups.by_group_id(outer).members.get()
        assert {one.id for one in direct.value} == {inner, device}
        query = GraphUserRequestBuilder.GraphUserRequestBuilderGetQueryParameters(count=True)
        configuration = RequestConfiguration(query_parameters=query)
        configuration.headers.add("ConsistencyLevel", "eventual")
        all_of = await graph.groups.by_group_id(outer).transitive_members.graph_user.get(configuration)
        assert [one.id for one in all_of.value] == [dana] and all_of.odata_count == 1

    await checks.check_async("members, and those of groups that contain each other", members)

    async def assigned() -> None:
        application = "11111111-2222-4333-8444-555555555555"
        roles = [{"value": "driver", "display_name": "Driver"}]
        made = tenant.call("POST", "/servicePrincipals", {"app_id": application, "display_name": "Depot", "app_roles": roles})
        body = {"principal_id": dana, "app_role_id": made["roles"]["driver"]}
        tenant.call("POST", f"/servicePrincipals/{made['id']}/assignments", body)
        principal = await graph.service_principals_with_app_id(application).get()
        assert principal.id == made["id"] and principal.app_roles[0].value == "driver"
        to = await graph.service_principals.by_service_principal_id(made["id"]).app_role_assigned_to.get()
        assert [str(one.principal_id) for one in to.value] == [dana] and to.value[0].principal_type == "User"
        assert to.value[0].app_role_id == principal.app_roles[0].id

    await checks.check_async("an app, its roles, and who is assigned", assigned)

    async def deleted() -> None:
        found = await graph.directory.deleted_items.graph_user.get()
        assert [user.id for user in found.value] == [gone] and found.value[0].deleted_date_time

    await checks.check_async("what is in the bin", deleted)

    async def by_ids() -> None:
        ids = [dana, inner, device, "00000000-0000-4000-8000-000000000001"]
        found = await graph.directory_objects.get_by_ids.post(GetByIdsPostRequestBody(ids=ids, types=["user", "group"]))
        assert {type(one) for one in found.value} == {User, Group} and {one.id for one in found.value} == {dana, inner}

    await checks.check_async("objects by their ids, each of its type", by_ids)

    async def batches() -> None:
        requests = {name: graph.users.by_user_id(id).to_get_request_information() for name, id in (("1", dana), ("2", "nobody"))}
        answer = await graph.batch.post(BatchRequestContent(requests))
        # It gives the requests ids of its own.
        assert sorted(answer.get_response_status_codes().values()) == [200, 404], answer.get_response_status_codes()

    await checks.check_async("a batch, in which one request fails", batches)

    async def refused() -> None:
        try:
            await graph.users.by_user_id("00000000-0000-4000-8000-000000000001").get()
        except ODataError as error:
            assert error.response_status_code == 404 and error.error.code == "Request_ResourceNotFound"
            assert error.error.inner_error.request_id and error.error.inner_error.date
        else:
            raise AssertionError("there is no such user")

    await checks.check_async("a refusal with its code and its ids", refused)

    async def subscribed() -> None:
        server = HTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        now = datetime.fromisoformat(simulator.now().replace("Z", "+00:00"))
        hook = f"http://127.0.0.1:{server.server_port}/hook"
        wanted = Subscription(
            change_type="updated,deleted", notification_url=hook, lifecycle_notification_url=hook, resource="users",
            expiration_date_time=now.astimezone(timezone.utc) + timedelta(days=3), client_state="known to both",
        )
        made = await graph.subscriptions.post(wanted)
        assert made.id and made.resource == "users"
        tenant.call("PATCH", f"/users/{dana}", {"jobTitle": "Planner"})
        assert await asyncio.to_thread(Hook.came.wait, 20), "no notification came"
        assert dana.encode() in Hook.notifications[0] and b"known to both" in Hook.notifications[0]
        assert b"Planner" not in Hook.notifications[0], "a notification has no data"
        later = Subscription(expiration_date_time=now.astimezone(timezone.utc) + timedelta(days=9))
        await graph.subscriptions.by_subscription_id(made.id).patch(later)
        await graph.subscriptions.by_subscription_id(made.id).delete()
        server.shutdown()

    await checks.check_async("a subscription, which is validated, told, renewed and ended", subscribed)

    async def manners() -> None:
        assert "link_changed" not in simulator.broken(), simulator.broken()

    await checks.check_async("links are used as they were given", manners)
    return checks.end()


if __name__ == "__main__":
    sys.exit(asyncio.run(shapes(sys.argv[1])))

"""scim2-client: one round trip through everything a client does, on what it has discovered."""

from collections.abc import Callable
from typing import Any

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PatchOp, PatchOperation, SCIMException, SearchRequest

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def run(base_url: str, token: str) -> list[tuple[str, str, str]]:
    checks: list[tuple[str, str, str]] = []

    def step(what: str, action: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
        outcome = action()
        good = holds(outcome)
        checks.append(("SUCCESS" if good else "ERROR", what, "" if good else repr(outcome)))
        return outcome

    with Client(base_url=base_url, headers={"Authorization": "Bearer " + token}, timeout=30) as http:
        client = SyncSCIMClient(http)
        client.discover()
        user_model = client.get_resource_model("User")
        group_model = client.get_resource_model("Group")
        step("discovers users and groups", lambda: (user_model, group_model), all)
        users(client, user_model, group_model, step)
    return checks


def by_name(client: Any, model: Any, attribute: str, value: str) -> Any:
    query = SearchRequest(filter=f'{attribute} eq "{value}"', start_index=1, count=10)
    return client.query(model, query_parameters=query)


def patch(client: Any, model: Any, resource: Any, op: str, path: str, value: Any = None) -> Any:
    operation = PatchOperation(op=op, path=path, value=value)
    return client.modify(model, resource.id, PatchOp[model](operations=[operation]))


def refused(action: Callable[[], Any]) -> Any:
    """The SCIM error that an action ends in; `None` when it goes well."""
    try:
        action()
    except SCIMException as error:
        return error
    return None


def users(client: Any, user_model: Any, group_model: Any, step: Callable[..., Any]) -> None:
    def new(name: str) -> Any:
        return user_model(
            user_name=f"{name}@example.com",
            active=True,
            emails=[{"type": "work", "primary": True, "value": f"{name}@example.com"}],
        )

    ada = step("creates a user", lambda: client.create(new("ada")), lambda user: user.id and user.meta.location)
    bob = step("creates another", lambda: client.create(new("bob")), lambda user: user.id != ada.id)
    step("is refused a taken name", lambda: refused(lambda: client.create(new("ADA"))), lambda error: error is not None)
    step("reads a user", lambda: client.query(user_model, ada.id), lambda user: user.user_name == ada.user_name)
    step(
        "finds a user by name in other case",
        lambda: by_name(client, user_model, "userName", "ADA@example.com"),
        lambda page: page.total_results == 1 and page.resources[0].id == ada.id,
    )
    step(
        "finds nobody by an unknown name",
        lambda: by_name(client, user_model, "userName", "nobody"),
        lambda page: page.total_results == 0 and not page.resources,
    )
    ada = client.query(user_model, ada.id)
    ada.display_name = "Ada Lovelace"
    ada = step("replaces a user", lambda: client.replace(ada), lambda user: user.display_name == "Ada Lovelace")
    step(
        "modifies a user",
        lambda: patch(client, user_model, ada, "replace", "active", False) or client.query(user_model, ada.id),
        lambda user: user.active is False and user.display_name == "Ada Lovelace",
    )
    step(
        "modifies an extension",
        lambda: patch(client, user_model, ada, "add", f"{ENTERPRISE}:department", "Planning")
        or client.query(user_model, ada.id),
        lambda user: user.model_dump()[ENTERPRISE]["department"] == "Planning",
    )
    groups(client, user_model, group_model, step, ada, bob)
    step("deletes a user", lambda: client.delete(user_model, ada.id), lambda answer: answer is None)
    step("deletes the other", lambda: client.delete(user_model, bob.id), lambda answer: answer is None)
    step("does not find a deleted user", lambda: refused(lambda: client.query(user_model, ada.id)), bool)


def groups(client: Any, user_model: Any, group_model: Any, step: Callable[..., Any], ada: Any, bob: Any) -> None:
    def members(group: Any) -> set[str]:
        return {member.value for member in client.query(group_model, group.id).members or []}

    group = step(
        "creates a group with a member",
        lambda: client.create(group_model(display_name="Analysts", members=[{"value": ada.id}])),
        lambda group: [member.value for member in group.members] == [ada.id],
    )
    step(
        "finds a group by name",
        lambda: by_name(client, group_model, "displayName", "analysts"),
        lambda page: page.total_results == 1 and page.resources[0].id == group.id,
    )
    patch(client, group_model, group, "add", "members", [{"value": bob.id}])
    step("adds a member", lambda: members(group), lambda ids: ids == {ada.id, bob.id})
    step(
        "sees the group at its member",
        lambda: client.query(user_model, bob.id).groups,
        lambda groups: [entry.value for entry in groups or []] == [group.id],
    )
    patch(client, group_model, group, "remove", f'members[value eq "{ada.id}"]')
    step("removes a member", lambda: members(group), lambda ids: ids == {bob.id})
    current = client.query(group_model, group.id)
    current.display_name = "Engineers"
    step("replaces a group", lambda: client.replace(current), lambda group: group.display_name == "Engineers")
    step("keeps the members it was replaced with", lambda: members(group), lambda ids: ids == {bob.id})
    step("deletes a group", lambda: client.delete(group_model, group.id), lambda answer: answer is None)
    step("does not find a deleted group", lambda: refused(lambda: client.query(group_model, group.id)), bool)

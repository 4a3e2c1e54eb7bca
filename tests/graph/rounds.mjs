// rounds.mjs URL: Microsoft's client for JavaScript goes through rounds of delta queries of the simulator at URL.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { Client, PageIterator } = createRequire(import.meta.url)("@microsoft/microsoft-graph-client");
const [url] = process.argv.slice(2);
const SECRET = "a secret & more";
let [made, failed] = [0, 0];

async function check(what, body) {
  made += 1;
  try {
    await body();
    console.log(`ok    ${what}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${what}\n      ${error.stack}`);
  }
}

async function sim(method, path, body) {
  const answer = await fetch(`${url}/_sim${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

const { id: tenant } = await sim("POST", "/tenants", { domain: "fabrikam.example" });
const of = (method, path, body) => sim(method, `/tenants/${tenant}${path}`, body);
const { client_id } = await of("POST", "/apps", {
  name: "Rounds",
  permissions: ["User.Read.All", "GroupMember.Read.All"],
  credentials: [{ secret: { value: SECRET } }],
});

async function getAccessToken() {
  const form = { grant_type: "client_credentials", client_id, client_secret: SECRET, scope: `${url}/.default` };
  const answer = await fetch(`${url}/${tenant}/oauth2/v2.0/token`, { method: "POST", body: new URLSearchParams(form) });
  return (await answer.json()).access_token;
}

const client = Client.initWithMiddleware({
  authProvider: { getAccessToken },
  baseUrl: `${url}/`,
  customHosts: new Set(["localhost"]),
});

/** Reads a round to its end; what it told, in order, and the link to the next. */
async function round(path) {
  const told = [];
  const iterator = new PageIterator(client, await client.api(path).get(), (item) => told.push(item));
  await iterator.iterate();
  assert.ok(iterator.isComplete());
  assert.match(iterator.getDeltaLink(), /\?\$deltatoken=/);
  return { told, link: iterator.getDeltaLink() };
}

const made_in_bulk = await of("POST", "/bulk", { users: 450, groups: 3, members: 250, managers: true });
await of("PATCH", "/behaviour", { page_size: 100, member_page_size: 100, empty_pages: 0.2, duplicates: 0.05, shuffled: true });
let users;
let groups;

await check("the first round of users has all of them, and no page is lost", async () => {
  users = await round("/users/delta?$select=displayName,accountEnabled,manager");
  assert.equal(new Set(users.told.map((user) => user.id)).size, 450);
  assert.ok(users.told.length > 450, "some come twice");
  const truth = await of("GET", "/truth");
  for (const user of truth.users) {
    const told = users.told.filter((told) => told.id === user.id);
    assert.equal(told[0].accountEnabled, user.enabled);
    assert.equal(told[0].displayName, user.properties.displayName);
    // Who comes twice need not have the manager twice.
    const manager = told.flatMap((one) => one["manager@delta"] ?? []);
    assert.equal(manager[0]?.id ?? null, user.manager);
  }
});

await check("the first round of groups has all members, in slices", async () => {
  groups = await round("/groups/delta?$select=displayName,members");
  const members = new Map();
  let slices = 0;
  for (const group of groups.told) {
    slices += 1;
    const set = members.get(group.id) ?? new Set();
    members.set(group.id, set);
    (group["members@delta"] ?? []).forEach((member) => set.add(member.id));
  }
  assert.ok(slices > 3, "a group comes on many pages");
  for (const group of (await of("GET", "/truth")).groups) {
    assert.deepEqual([...members.get(group.id)].sort(), [...group.members].sort());
  }
});

await check("a round in which nothing has happened tells nothing", async () => {
  assert.deepEqual((await round(users.link)).told, []);
  assert.deepEqual((await round(groups.link)).told, []);
});

await check("a later round tells what has changed, and no more", async () => {
  await of("PATCH", "/behaviour", { empty_pages: 0, duplicates: 0 });
  const [changed, deleted, purged] = (await of("GET", "/truth")).users.slice(-3).map((user) => user.id);
  await of("PATCH", `/users/${changed}`, { displayName: null, jobTitle: "Driver" });
  await of("DELETE", `/users/${deleted}`);
  await of("POST", `/users/${purged}/purge`);
  const { id: added } = await of("POST", "/users", { displayName: "Somebody new" });
  const { told } = await round(users.link);
  const byId = new Map(told.map((user) => [user.id, user]));
  assert.equal(byId.size, 4);
  assert.equal(byId.get(changed).displayName, null, "a value that was taken away is null");
  assert.equal(byId.get(deleted)["@removed"].reason, "changed");
  assert.equal(byId.get(purged)["@removed"].reason, "deleted");
  assert.equal(byId.get(added).displayName, "Somebody new");
});

await check("a later round of groups tells who came and who went", async () => {
  const group = made_in_bulk.groups[0];
  const before = (await of("GET", "/truth")).groups.find((one) => one.id === group).members;
  const { id: newcomer } = await of("POST", "/users", {});
  await of("POST", `/groups/${group}/members`, { add: [newcomer], remove: [before[0]] });
  const { told } = await round(groups.link);
  const delta = told.find((one) => one.id === group)["members@delta"];
  assert.equal(delta.find((member) => member.id === newcomer)["@removed"], undefined);
  assert.equal(delta.find((member) => member.id === before[0])["@removed"].reason, "deleted");
});

await check("the client waits as long as a 429 says", async () => {
  await sim("DELETE", "/requests");
  await of("POST", "/faults", { action: { kind: "throttle", retry_after: { seconds: 1 } }, path: "/users/delta", next: 2 });
  const started = performance.now();
  await round("/users/delta?$select=displayName");
  assert.ok(performance.now() - started >= 2_000);
  const { statuses, broken } = await sim("GET", "/requests");
  assert.equal(statuses["429"], 2);
  assert.equal(broken.asked_too_early, undefined);
});

await check("the client gets over a 503", async () => {
  await of("POST", "/faults", { action: { kind: "status", status: 503, retry_after: { seconds: 1 } }, path: "/groups", next: 1 });
  await round("/groups/delta?$select=displayName,members");
});

await check("the client is told that its state is lost", async () => {
  await of("POST", "/faults", { action: { kind: "gone", location: false }, path: "/users/delta", query: "deltatoken", next: 1 });
  await assert.rejects(client.api(users.link).get(), (error) => error.statusCode === 410 && error.code === "SyncStateNotFound");
});

await check("the client reads what is packed", async () => {
  await of("POST", "/faults", { action: { kind: "gzip" }, path: "/users", next: 1 });
  assert.equal((await client.api("/users").top(5).get()).value.length, 5);
});

await check("the client fails where an answer is broken off, and where it is no JSON", async () => {
  for (const kind of ["reset", "truncate"]) {
    await of("POST", "/faults", { action: { kind }, path: "/users", next: 1 });
    await assert.rejects(client.api("/users").get(), kind);
  }
});

await check("the links are used as they were given", async () => {
  const { broken } = await sim("GET", "/requests");
  assert.equal(broken.link_changed, undefined, JSON.stringify(broken));
});

console.log(`microsoft-graph-client: ${made} checks, ${failed} failed`);
process.exit(failed ? 1 : 0);

// The portal: an operator logs in, sets up a directory, and looks at every page that a link leads to; first with scripts, then
// without.

import { open } from "./browser.mjs";
import { ownPage } from "./page.mjs";

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><circle cx="10" cy="10" r="8" fill="#fff"/><rect x="22" y="4" width="14" height="12" fill="#123"/></svg>`;

/** Checks the pages that need somebody who is logged in. */
export async function portal(browser, url, report) {
  const filled = await fill(url);
  report.add("/console without a session leads to the login", await closed(browser, url));
  report.add("/console/login", await ownPage(browser, url, "/console/login", { isThorough: true, leastText: 80 }));
  const person = `/console/login${filled.login}`;
  report.add("/console/login?with={slug}", await ownPage(browser, url, person, { isThorough: true, leastText: 80, name: "console-login-person" }));
  report.add("a wrong key is refused and said to be", await wrongKey(browser, url));
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "with scripts" : "without scripts";
    const { faults, storageState, paths } = await setUp(browser, url, javaScriptEnabled);
    report.add(`an operator logs in and sets up a directory, ${how}`, faults);
    await setup(browser, url, report, filled.link, javaScriptEnabled);
    await apps(browser, url, report, filled.apps, javaScriptEnabled);
    await inAnothersName(browser, url, report, filled.branded, javaScriptEnabled);
    if (javaScriptEnabled && storageState) {
      report.add("a list is taken from a file and previewed", await preview(browser, url, storageState, filled.here));
      await everyPage(browser, url, report, storageState, [...filled.paths, ...paths]);
    }
  }
}

/** The management API, as a script asks it. */
async function api(url, method, path, body) {
  const headers = { authorization: `Bearer ${process.env.ROLLCALL_ADMIN_KEY}`, "content-type": "application/json" };
  const answer = await fetch(`${url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) {
    throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
  return answer.status === 204 ? null : answer.json();
}

/** A directory with people, a group, requests good and bad, and an endpoint that nobody answers at. */
async function fill(url) {
  await api(url, "POST", "/endpoints", { url: "http://127.0.0.1:60009/hook", description: "Billing" });
  const directory = await api(url, "POST", "/directories", { organization: "filled.example", provider: "entra_id" });
  const scim = async (method, path, body) => {
    const headers = { authorization: `Bearer ${directory.key.token}`, "content-type": "application/scim+json" };
    const answer = await fetch(directory.scim_url + path, { method, headers, body: JSON.stringify(body) });
    return answer.status === 204 ? null : answer.json();
  };
  const user = (name) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: `${name}@filled.example`,
    displayName: `${name[0].toUpperCase()}${name.slice(1)} Example`,
    title: "Engineer",
    active: true,
    emails: [{ type: "work", value: `${name}@filled.example`, primary: true }],
  });
  const people = [];
  for (const name of ["ada", "grace", "linus"]) {
    people.push(await scim("POST", "/Users", user(name)));
  }
  await scim("POST", "/Users", user("ada"));
  const members = people.map(({ id }) => ({ value: id }));
  await scim("POST", "/Groups", { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: "Sales", members });
  const Operations = [{ op: "Replace", path: "active", value: "False" }];
  await scim("PATCH", `/Users/${people[0].id}`, { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations });
  const looks = {
    return_url: "https://app.example/settings",
    // A colour that is neither light nor dark, on which white could not be read.
    brand: { name: "Hero SaaS", colour: "#e8590c", logo_url: `data:image/svg+xml;base64,${btoa(LOGO)}` },
  };
  const organization_id = directory.organization_id;
  // Port 60009 is nobody's: the connection is a draft that says so.
  const provider = { authority: "http://127.0.0.1:60009/tenant", client_id: "portal", test_accounts: ["ada@filled.example"] };
  await api(url, "POST", "/connections", { organization_id, directory_id: directory.id, ...provider });
  // Another one is open, and people enter the console by it.
  const opened = await api(url, "POST", "/connections", { organization_id, directory_id: directory.id, ...provider, name: "Filled Ltd." });
  await api(url, "PATCH", `/connections/${opened.id}`, { state: "active", force: true });
  const entering = { roles: ["EnterpriseAdmin"], scopes: ["read", "directories"] };
  const { login_url } = await api(url, "PUT", `/connections/${opened.id}/console-access`, entering);
  const redirect_uris = ["https://app.example/callback"];
  await api(url, "POST", "/sso-clients", { name: "Time sheets", authentication: "client_secret", redirect_uris });
  const link = await api(url, "POST", "/portal-links", { organization_id });
  const branded = await api(url, "POST", "/portal-links", { organization_id, directory_id: directory.id, features: ["directory_sync"], ...looks });
  const own = await api(url, "POST", "/endpoints", { url: "http://127.0.0.1:60009/own", description: "Own", organization_ids: [organization_id] });
  const capabilities = ["view", "reveal", "manage", "resend"];
  const apps = await api(url, "POST", "/portal-links", { organization_id, features: ["webhooks"], capabilities, ...looks });
  const tested = await api(url, "POST", `/endpoints/${own.id}/test`, {});
  for (let more = true; more; ) {
    more = (await api(url, "GET", `/deliveries/${tested.delivery_id}`)).attempts.length === 0;
    await new Promise((done) => setTimeout(done, 100));
  }
  // What is logged is written within seconds.
  for (let more = true; more; ) {
    more = (await api(url, "GET", `/directories/${directory.id}/requests`)).data.length < 6;
    await new Promise((done) => setTimeout(done, 100));
  }
  // Another directory is pulled, or would be if Microsoft Graph answered.
  const pulled = await api(url, "POST", "/directories", { organization: "pulled.example", provider: "entra_graph" });
  const ids = { tenant_id: "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10", client_id: "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42" };
  const graph = { ...ids, credential: { certificate: {} }, test_accounts: ["ada@pulled.example"], scope: "all" };
  await api(url, "POST", `/directories/${pulled.id}/graph`, graph);
  await api(url, "POST", `/directories/${pulled.id}/graph/credentials`, { secret: "abc8Q~value", expires_at: "2999-01-31T00:00:00Z" });
  const filter = `/console/endpoints/filter?${new URLSearchParams({ event_types: "user.*", filter: 'title eq "Engineer"' })}`;
  const here = `/console/directories/${directory.id}`;
  return {
    paths: [here, `/console/directories/${pulled.id}/graph`, `${here}/users/${people[0].id}`, filter, "/console/endpoints", "/console/test-receivers"],
    here,
    link: link.url,
    login: new URL(login_url).search,
    branded: branded.url,
    apps: { link: apps.url, endpoint: `/apps/endpoints/${own.id}`, delivery: `/apps/deliveries/${tested.delivery_id}` },
  };
}

/** An IT administrator opens a link, chooses the identity provider and goes through its guide. */
async function setup(browser, url, report, link, javaScriptEnabled) {
  const how = javaScriptEnabled ? "with scripts" : "without scripts";
  const { context, page, faults } = await open(browser, link, { javaScriptEnabled });
  if (new URL(page.url()).pathname !== "/setup/start") {
    faults.push(`the link led to ${page.url()}`);
  }
  await page.click("button[value=entra_id]");
  await page.waitForURL(/setup\/directories\/[0-9a-f-]{36}$/);
  const guide = new URL(page.url()).pathname;
  await page.goto(`${url}${guide}?step=2`);
  await page.click("main form button");
  await page.waitForSelector("#token");
  const token = await page.inputValue("#token");
  const address = await page.inputValue("#tenant-url");
  // What Entra sends when somebody presses Test connection.
  const probe = `${address}/Users?filter=${encodeURIComponent('userName eq "5f8a0d6e-0000-4000-8000-00000000feed"')}`;
  const answer = await fetch(probe, { headers: { authorization: `Bearer ${token}` } });
  if (answer.status !== 200) {
    faults.push(`the token that was shown is answered ${answer.status}`);
  }
  if (javaScriptEnabled) {
    await provisioned(page, `${url}${guide}`, address, token);
  }
  report.add(`an IT administrator opens a link and pastes address and token, ${how}`, faults);
  const storageState = await context.storageState();
  await context.close();
  if (!javaScriptEnabled) {
    return;
  }
  const steps = [1, 2, 3, 4, 5, 6].map((step) => `${guide}?step=${step}`);
  const signOn = await setUpSignOn(browser, url, report, link, guide, storageState);
  const graph = await setUpGraph(browser, url, report, link, storageState);
  for (const path of ["/setup/start", ...steps, `${guide}/status`, ...signOn, ...graph]) {
    const kind = path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, "{id}");
    const name = kind.slice(1).replaceAll(/[/?=]/g, "-").replace("{id}", "id");
    report.add(kind, await ownPage(browser, url, path, { storageState, isThorough: true, leastText: 80, name }));
  }
}

/** The same for single sign-on: its first step makes a connection, whose pages are looked at. Its tenant does not answer. */
async function setUpSignOn(browser, url, report, link, guide, storageState) {
  const first = `${guide}/sign-on`;
  report.add("/setup/directories/{id}/sign-on", await ownPage(browser, url, first, { storageState, isThorough: true, leastText: 80, name: "setup-sign-on" }));
  const { context, page, faults } = await open(browser, link, { storageState });
  await page.goto(`${url}${first}`);
  await page.fill("#field-client_id", "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42");
  await page.fill("#field-authority", "http://127.0.0.1:60009/tenant");
  await page.click("main form button.primary");
  await page.waitForURL(/setup\/connections\/[0-9a-f-]{36}\?step=1$/);
  const here = new URL(page.url()).pathname;
  await page.goto(`${url}${here}?step=2`);
  await page.click("button[data-copy=redirect-uri-1]");
  await page.goto(`${url}${here}?step=3`);
  await page.click("section[aria-labelledby=key] form button");
  await page.waitForSelector("#thumbprint-sha1");
  await page.goto(`${url}${here}?step=6`);
  await page.fill("#field-test_accounts", "ada@filled.example");
  await page.click("main form button");
  await page.waitForLoadState();
  report.add("an IT administrator sets up single sign-on by the same link", faults);
  await context.close();
  return [1, 2, 3, 4, 5, 6, 7].map((step) => `${here}?step=${step}`);
}

/** The same for Microsoft Graph, which does not answer: its first step sets the pull up, and a test says what is wrong. */
async function setUpGraph(browser, url, report, link, storageState) {
  const { context, page, faults } = await open(browser, link, { storageState });
  await page.goto(`${url}/setup/start`);
  await page.click("button[value=entra_graph]");
  await page.waitForURL(/setup\/directories\/[0-9a-f-]{36}\/graph$/);
  const here = new URL(page.url()).pathname;
  await page.fill("#field-client_id", "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42");
  await page.fill("#field-tenant_id", "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10");
  await page.fill("#field-test_accounts", "ada@filled.example");
  await page.click("main form button.primary");
  await page.waitForURL(/graph\?step=2$/);
  await page.waitForSelector("#thumbprint-sha1");
  await page.goto(`${url}${here}?step=4`);
  await page.click("main form button.primary");
  await page.waitForSelector("main section.state.bad");
  report.add("an IT administrator sets up Microsoft Graph by the same link", faults);
  await context.close();
  return [1, 2, 3, 4, 5].map((step) => `${here}?step=${step}`);
}

/** What Entra sends, in its order, while the page watches: the page tells of each stage by itself. */
async function provisioned(page, guide, address, token) {
  const scim = async (method, path, body) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/scim+json" };
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return text ? JSON.parse(text) : null;
  };
  const tells = (pattern) => {
    const told = (source) => new RegExp(source, "i").test(document.querySelector("#live").textContent);
    return page.waitForFunction(told, pattern, { timeout: 30_000 });
  };
  const matching = (kind, attribute, value) => `${address}/${kind}?filter=${encodeURIComponent(`${attribute} eq "${value}"`)}`;
  await tells("tested");
  // The address was pasted without its end: the guide says which it is.
  await scim("GET", `${address.replace(/\/scim\/v2$/, "")}/Users`);
  await tells("the tenant URL to enter in the identity provider is");
  // One person on demand.
  await page.goto(`${guide}?step=5`);
  await scim("GET", matching("Users", "userName", "first@linked.example"));
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"];
  const name = { formatted: "First Person", familyName: "Person", givenName: "First" };
  const user = await scim("POST", `${address}/Users`, { schemas, userName: "first@linked.example", active: true, displayName: "First Person", name, externalId: "first" });
  await scim("GET", `${address}/Users/${user.id}`);
  await tells("1 people");
  // The first cycle: a group, empty, and then its members.
  await page.goto(`${guide}?step=6`);
  await scim("GET", matching("Groups", "displayName", "Linked"));
  const group = await scim("POST", `${address}/Groups`, { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: "Linked", externalId: "linked", members: [] });
  const Operations = [{ op: "Add", path: "members", value: [{ value: user.id }] }];
  await scim("PATCH", `${address}/Groups/${group.id}`, { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations });
  await tells("1 groups");
}

/** The team of an app opens a link, makes an endpoint and looks at a delivery. */
async function apps(browser, url, report, { link, endpoint, delivery }, javaScriptEnabled) {
  const how = javaScriptEnabled ? "with scripts" : "without scripts";
  const { context, page, faults } = await open(browser, link, { javaScriptEnabled });
  if (new URL(page.url()).pathname !== "/apps/endpoints") {
    faults.push(`the link led to ${page.url()}`);
  }
  await page.click("main a.button.primary");
  await page.fill("[name=url]", "http://127.0.0.1:60009/new");
  await page.click("main button.primary");
  await page.waitForSelector("#secret");
  if (!(await page.inputValue("#secret")).startsWith("whsec_")) {
    faults.push("the secret of a new endpoint is not shown to those who may see it");
  }
  await page.goto(url + endpoint);
  await page.click("form[action$='/replay'] button");
  await page.waitForSelector("section[role=status] button.primary");
  const back = await page.getAttribute("header .back", "href");
  if (back !== "https://app.example/settings") {
    faults.push(`the way back leads to ${back}`);
  }
  report.add(`the team of an app opens a link and looks after its endpoints, ${how}`, faults);
  const storageState = await context.storageState();
  await context.close();
  if (!javaScriptEnabled) {
    return;
  }
  report.add("/apps", await ownPage(browser, url, "/apps", { isThorough: true, leastText: 80, name: "apps-closed" }));
  for (const [name, path] of [
    ["apps-endpoints", "/apps/endpoints"],
    ["apps-endpoints-new", "/apps/endpoints/new"],
    ["apps-endpoints-id", endpoint],
    ["apps-deliveries-id", delivery],
    ["apps-attempts-number", `${delivery}/attempts/1`],
  ]) {
    report.add(`/${name.replaceAll("-", "/")}`, await ownPage(browser, url, path, { storageState, isThorough: true, leastText: 40, name }));
  }
}

/** The guide in the name of a product: its last step leads back there. */
async function inAnothersName(browser, url, report, link, javaScriptEnabled) {
  if (!javaScriptEnabled) {
    return;
  }
  const { context, page, faults } = await open(browser, link);
  const guide = new URL(page.url()).pathname;
  await page.goto(`${url}${guide}?step=6`);
  const done = await page.getAttribute("main a.button.primary", "href");
  if (done !== "https://app.example/settings") {
    faults.push(`Done leads to ${done}`);
  }
  const loaded = await page.$eval("header .brand img", (picture) => picture.complete && picture.naturalWidth > 0);
  const colour = await page.$eval("header", (header) => getComputedStyle(header).backgroundColor);
  if (!loaded || colour !== "rgb(232, 89, 12)") {
    faults.push(`the logo is ${loaded ? "" : "not "}loaded, the colour is ${colour}`);
  }
  report.add("the guide is in the name of a product and leads back to it", faults);
  const storageState = await context.storageState();
  await context.close();
  const path = `${guide}?step=6`;
  report.add("/setup in another name", await ownPage(browser, url, path, { storageState, isThorough: true, leastText: 80, name: "setup-branded" }));
}

async function closed(browser, url) {
  const { context, page, faults } = await open(browser, `${url}/console/directories`);
  const path = new URL(page.url()).pathname;
  await context.close();
  return path === "/console/login" ? faults : [...faults, `led to ${path}`];
}

async function wrongKey(browser, url) {
  const { context, page, faults } = await open(browser, `${url}/console/login`);
  await page.fill("[name=key]", "rca_no-such-key");
  await page.click("main form[action='/console/login'] button");
  const errors = await page.textContent(".errors");
  // The browser itself says on the console that the form was not taken.
  const others = faults.filter((fault) => !fault.includes("422"));
  await context.close();
  return errors?.includes("not an admin key") ? others : [...others, `said ${errors}`];
}

/** Logs in by the form and makes an organization and a directory by forms. */
async function setUp(browser, url, javaScriptEnabled) {
  const { context, page, faults } = await open(browser, `${url}/console/login`, { javaScriptEnabled });
  await page.fill("[name=key]", process.env.ROLLCALL_ADMIN_KEY);
  await page.click("main form[action='/console/login'] button");
  await page.waitForURL(/\/console$/);
  const domain = `${javaScriptEnabled ? "with" : "without"}-scripts.example`;
  await page.goto(`${url}/console/organizations/new`);
  await page.fill("[name=domains]", domain);
  await page.click("main button.primary");
  await page.waitForURL(/organizations\/[0-9a-f-]{36}$/);
  const organization = new URL(page.url()).pathname;
  await page.goto(`${url}/console/directories/new`);
  await page.fill("[name=organization]", domain);
  await page.click("main button.primary");
  await page.waitForSelector("#token");
  if (!(await page.inputValue("#token"))?.startsWith("rcd_")) {
    faults.push("the new token is not shown");
  }
  const links = await page.$$eval("main a[href]", (all) => all.map((link) => link.getAttribute("href")));
  const directory = links.find((link) => /^\/console\/directories\/[0-9a-f-]{36}$/.test(link));
  if (!directory) {
    faults.push("the new directory is not linked");
  }
  const storageState = await context.storageState();
  await context.close();
  return { faults, storageState, paths: [organization, directory].filter(Boolean) };
}

/** A file is read into the form, and what the list would do is shown. */
async function preview(browser, url, storageState, here) {
  const { context, page, faults } = await open(browser, `${url}${here}/preview`, { storageState });
  const buffer = Buffer.from("userName,title\ngrace@filled.example,Admiral\nnew@filled.example,Clerk\n");
  await page.setInputFiles("#file", { name: "people.csv", mimeType: "text/csv", buffer });
  await page.waitForFunction(() => document.querySelector("#field-list").value.includes("Admiral"));
  await page.click("main button.primary");
  await page.waitForSelector("main .state strong");
  const text = await page.innerText("main");
  for (const word of ["1 people would be made, 1 changed, 0 deactivated", "Admiral", "new@filled.example"]) {
    if (!text.includes(word)) {
      faults.push(`${word} is not shown`);
    }
  }
  await context.close();
  return faults;
}

/** Every kind of page that a link leads to, once. */
async function everyPage(browser, url, report, storageState, paths) {
  const kind = (path) => path.split("?")[0].replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{32}\b/g, "{id}").replace(/\d+$/, "{number}");
  const seen = new Map();
  const waiting = ["/console", ...paths];
  for (let path = waiting.shift(); path; path = waiting.shift()) {
    if (seen.has(kind(path))) {
      continue;
    }
    seen.set(kind(path), path);
    const { context, page } = await open(browser, url + path, { storageState });
    const links = await page.$$eval("a[href]:not([download])", (all) => all.map((link) => new URL(link.href)).map(({ origin, pathname }) => ({ origin, pathname })));
    await context.close();
    waiting.push(...links.filter(({ origin, pathname }) => origin === url && /^\/console(\/|$)/.test(pathname)).map(({ pathname }) => pathname));
  }
  report.add(`${seen.size} kinds of pages of the console are linked`, seen.size > 5 ? [] : [...seen.keys()]);
  for (const [kind, path] of seen) {
    const name = kind.slice(1).replaceAll("/", "-").replaceAll(/[{}]/g, "");
    report.add(kind, await ownPage(browser, url, path, { storageState, isThorough: true, leastText: 20, name }));
  }
}

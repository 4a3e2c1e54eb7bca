// browse.mjs URL PORT FRONT: a real browser goes through both logins and the logout of an installation at URL, which browsers
// reach over TLS at port FRONT, by a provider with pages that this program starts at PORT.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import * as openid from "openid-client";
import { accessibility, launch, picture } from "./chromium.mjs";
import { Front } from "./front.mjs";
import { Installation } from "./installation.mjs";
import { Tenant } from "./provider.mjs";

const [url, port, frontPort] = process.argv.slice(2);
const { TLS_KEY: key, TLS_CERT: cert } = process.env;
const WIDE = { width: 1360, height: 900 };
const NARROW = { width: 360, height: 740 };
const NAMES = { rollcall: "sso.rollcall.example", app: "app.example", sibling: "evil.rollcall.example", evil: "evil.example" };

const front = new Front(Number(frontPort), { key, cert });
const publicUrl = front.at(NAMES.rollcall);
front.sites.set(NAMES.rollcall, url);
await front.start();
const installation = new Installation(url, publicUrl);
const tenant = new Tenant(Number(port), { hasPages: true });
await tenant.start();
const directory = await installation.directory("contoso.example");
await installation.connect(directory, tenant);
const ada = await directory.person("ada@contoso.example");
tenant.account("ada@contoso.example");

const browser = await launch(["--host-resolver-rules=MAP *.example 127.0.0.1"]);
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

/** A browser of one person, with what its console said. */
async function person(options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: WIDE, ...options });
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.setDefaultTimeout(20_000);
  return { context, page, said };
}

/** An app with openid-client, which reaches the installation by its own way. */
class App {
  constructor(client, authentication, redirectUri) {
    this.redirectUri = redirectUri;
    this.under = new Map();
    const direct = (to, options) => fetch(String(to).replace(publicUrl, url), options);
    const options = { execute: [openid.allowInsecureRequests], [openid.customFetch]: direct };
    this.ready = openid.discovery(new URL(installation.issuer), client.id, {}, authentication, options).then((configuration) => {
      configuration[openid.customFetch] = direct;
      this.configuration = configuration;
    });
  }

  async begin(parameters = {}) {
    await this.ready;
    const [state, nonce, verifier] = [openid.randomState(), openid.randomNonce(), openid.randomPKCECodeVerifier()];
    this.under.set(state, { nonce, verifier });
    const challenge = await openid.calculatePKCECodeChallenge(verifier);
    return openid.buildAuthorizationUrl(this.configuration, {
      redirect_uri: this.redirectUri,
      scope: "openid profile email",
      state,
      nonce,
      code_challenge: challenge,
      code_challenge_method: "S256",
      ...parameters,
    }).href;
  }

  /** What becomes of an answer: the person, or what was refused. */
  async finish(back) {
    const { nonce, verifier } = this.under.get(back.searchParams.get("state")) ?? {};
    try {
      const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: back.searchParams.get("state") };
      this.tokens = await openid.authorizationCodeGrant(this.configuration, back, checks);
      return `logged in as ${this.tokens.claims().sub}`;
    } catch (error) {
      return `not logged in: ${back.searchParams.get("error_description") ?? error.message}`;
    }
  }

  /** Answers a browser that comes to the app. */
  async answer(request, response, origin) {
    const asked = new URL(request.url, origin);
    const html = (text) => response.writeHead(200, { "content-type": "text/html" }).end(`<title>App</title><p id="app">${text}</p>`);
    if (asked.pathname === "/login") {
      response.writeHead(303, { location: await this.begin(Object.fromEntries(asked.searchParams)) }).end();
    } else if (asked.pathname === new URL(this.redirectUri).pathname) {
      html(await this.finish(asked));
    } else {
      html(`at ${asked.pathname}${asked.search}`);
    }
  }
}

const webOrigin = front.at(NAMES.app);
const webClient = await installation.app({
  name: "Time sheets",
  authentication: "client_secret",
  redirect_uris: [`${webOrigin}/callback`],
  post_logout_redirect_uris: [`${webOrigin}/bye`],
});
const web = new App(webClient, openid.ClientSecretPost(webClient.client_secret), `${webOrigin}/callback`);
front.sites.set(NAMES.app, (request, response) => web.answer(request, response, webOrigin));

const loopback = createServer((request, response) => device.answer(request, response, deviceOrigin));
await new Promise((done) => loopback.listen(0, "127.0.0.1", done));
const deviceOrigin = `http://127.0.0.1:${loopback.address().port}`;
const deviceClient = await installation.app({ name: "Field app", authentication: "none", redirect_uris: ["http://127.0.0.1/cb"] });
const device = new App(deviceClient, openid.None(), `${deviceOrigin}/cb`);

/** Fills in the provider's own pages: name and password, and consent where it asks. */
async function atProvider(page, password = "any") {
  await page.waitForURL(`${tenant.origin}/**`);
  await page.fill("input[name=password]", password);
  await page.click("button[type=submit]");
}

async function consent(page, hasScript) {
  await page.waitForURL(`${tenant.origin}/**/interaction/**`);
  await page.click("button[type=submit]");
  if (!hasScript) {
    // The page that brings the answer sends itself by a script; without, it has a button.
    await page.click("noscript button, button");
  }
}

const shown = (page) => page.textContent("#app");
const cookiesOf = async (context) => (await context.cookies(publicUrl)).filter(({ name }) => /rollcall-login/.test(name));

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with scripts" : "without scripts";
  await check(`somebody logs in to an app on the web, by the pages of all three, ${how}`, async () => {
    const { context, page } = await person({ javaScriptEnabled });
    await page.goto(`${webOrigin}/login`);
    await page.fill("#login_hint", "ada@contoso.example");
    await page.click("button.primary");
    await page.waitForURL(`${tenant.origin}/**`);
    const [cookie] = await cookiesOf(context);
    assert.match(cookie.name, /^__Host-rollcall-login-/);
    assert.deepEqual([cookie.secure, cookie.httpOnly, cookie.sameSite, cookie.path], [true, true, "None", "/"]);
    front.asked.length = 0;
    await atProvider(page);
    await consent(page, javaScriptEnabled);
    await page.waitForURL(`${webOrigin}/callback?**`);
    assert.equal(await shown(page), `logged in as ${ada.id}`);
    const back = front.asked.find(({ url }) => url.includes("/oauth2/authresp"));
    assert.deepEqual([back.method, back.url.includes("?")], ["POST", false], "the code is in no address");
    assert.match(back.cookie, /__Host-rollcall-login-/, "a form of another site brings the cookie");
    assert.deepEqual(await cookiesOf(context), [], "nothing is left of the login");
    await context.close();
  });
}

await check("somebody logs in to an app on their own device, which waits on the loopback", async () => {
  const { context, page } = await person();
  await page.goto(await device.begin({ login_hint: "ada@contoso.example" }));
  await atProvider(page);
  await consent(page, true);
  await page.waitForURL(`${deviceOrigin}/cb?**`);
  assert.equal(await shown(page), `logged in as ${ada.id}`);
  await context.close();
});

await check("somebody goes back at the provider's page, and the app is told", async () => {
  const { context, page } = await person();
  await page.goto(`${webOrigin}/login?login_hint=ada@contoso.example`);
  await page.click("text=Cancel");
  await page.waitForURL(`${webOrigin}/callback?**`);
  assert.match(await shown(page), /not logged in: provider_refused/);
  await context.close();
});

await check("somebody logs out of the app, and at the provider by its own page that asks", async () => {
  const { context, page } = await person();
  const logIn = async () => page.goto(`${webOrigin}/login?login_hint=ada@contoso.example`);
  await logIn();
  await atProvider(page);
  await consent(page, true);
  await page.waitForURL(`${webOrigin}/callback?**`);
  const leave = openid.buildEndSessionUrl(web.configuration, {
    id_token_hint: web.tokens.id_token,
    post_logout_redirect_uri: `${webOrigin}/bye`,
    state: "s",
  });
  await page.goto(leave.href);
  assert.equal(await shown(page), "at /bye?state=s");
  const userinfo = await fetch(`${url}/sso/userinfo`, { headers: { authorization: `Bearer ${web.tokens.access_token}` } });
  assert.equal(userinfo.status, 401);
  // The provider knows the person still: that is what the page of ours says.
  await logIn();
  await page.waitForURL(`${webOrigin}/callback?**`);
  assert.equal(await shown(page), `logged in as ${ada.id}`);
  await page.goto(`${tenant.issuer}/oauth2/v2.0/logout`);
  await page.click("button[value=yes]");
  await page.waitForURL(/logout\/success/);
  await logIn();
  await page.waitForSelector("input[name=password]");
  await context.close();
});

await check("attack: another site puts the page into a frame", async () => {
  const { context, page, said } = await person();
  const target = await web.begin();
  front.sites.set(NAMES.evil, (_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(`<title>Free gift</title><iframe src="${target.replaceAll("&", "&amp;")}"></iframe>`);
  });
  await page.goto(front.at(NAMES.evil));
  await page.waitForFunction(() => document.readyState === "complete");
  const frame = page.frames().find((one) => one !== page.mainFrame());
  assert.equal(await frame.$("#login_hint"), null);
  assert.ok(said.some((line) => /frame-ancestors|refused to frame/i.test(line)), said.join("\n"));
  await context.close();
});

await check("attack: a site below the same domain plants the cookie of a login of its own", async () => {
  // The attacker begins a login in a browser of their own, and goes as far as the answer.
  const attacker = await person();
  let answer;
  await attacker.page.route("**/oauth2/authresp", async (route) => {
    answer = route.request().postData();
    await route.abort();
  });
  await attacker.page.goto(`${webOrigin}/login?login_hint=ada@contoso.example`);
  const [cookie] = await cookiesOf(attacker.context);
  await atProvider(attacker.page);
  await consent(attacker.page, true).catch(() => {});
  const end = Date.now() + 20_000;
  while (answer === undefined && Date.now() < end) {
    await new Promise((done) => setTimeout(done, 20));
  }
  const { redirect_uris } = (await installation.api("GET", "/connections")).data[0];
  const callback = redirect_uris.find(({ platform }) => platform === "web").uri;
  // The victim comes to the attacker's page, which plants the cookie in each way there is and sends the answer.
  const plant = [
    `${cookie.name}=${cookie.value}; Domain=rollcall.example; Path=/; Secure; SameSite=None`,
    `${cookie.name}=${cookie.value}; Path=/sso; Secure; SameSite=None`,
    `${cookie.name.replace("__Host-", "")}=${cookie.value}; Domain=rollcall.example; Path=/; Secure; SameSite=None`,
    `${cookie.name.toLowerCase()}=${cookie.value}; Domain=rollcall.example; Path=/; Secure; SameSite=None`,
  ];
  const fields = [...new URLSearchParams(answer)].map(([name, value]) => `<input name="${name}" value="${value}">`).join("");
  front.sites.set(NAMES.sibling, (_, response) => {
    const headers = { "content-type": "text/html", "set-cookie": plant };
    response.writeHead(200, headers).end(`<title>Free gift</title><form method="post" action="${callback}">${fields}<button>Open</button></form>`);
  });
  const victim = await person();
  await victim.page.goto(front.at(NAMES.sibling));
  await victim.page.click("button");
  await victim.page.waitForURL(callback);
  assert.match(await victim.page.textContent("h1"), /This login cannot go on/);
  await attacker.context.close();
  await victim.context.close();
});

await check("our own pages are fit for everybody, with scripts and without, wide and narrow", async () => {
  const realm = await web.begin();
  const pages = {
    realm,
    "realm-unknown": await web.begin({ login_hint: "ada@nowhere.example" }),
    "realm-long": await web.begin({ login_hint: `${"a".repeat(120)}@${"b".repeat(60)}.example` }),
    "refused-app": `${installation.issuer}/authorize?client_id=${randomBytes(8).toString("hex")}`,
    "refused-request": `${realm}&scope=again`,
    "login-lost": `${publicUrl}/sso/some-connection/oauth2/authresp?state=x&code=y`,
    "logged-out": `${installation.issuer}/logout`,
  };
  const faults = [];
  for (const [name, address] of Object.entries(pages)) {
    for (const javaScriptEnabled of [true, false]) {
      for (const [width, viewport] of Object.entries({ 1360: WIDE, 360: NARROW })) {
        const colorScheme = javaScriptEnabled ? "light" : "dark";
        const { context, page, said } = await person({ javaScriptEnabled, viewport, colorScheme });
        const answer = await page.goto(address);
        faults.push(...said.filter((line) => /Content.Security.Policy|error/i.test(line) && !/status of 400/.test(line)).map((line) => `${name}: ${line}`));
        const headers = answer.headers();
        for (const [header, value] of [["cache-control", "no-store"], ["referrer-policy", "no-referrer"], ["x-content-type-options", "nosniff"]]) {
          if (headers[header] !== value) {
            faults.push(`${name}: ${header} is ${headers[header]}`);
          }
        }
        const overflow = await page.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth).catch(() => 0);
        if (overflow > 0) {
          faults.push(`${name}: ${overflow} px wider than a screen of ${width}`);
        }
        await picture(page, `sso-${name}-${width}-${colorScheme}`);
        await context.close();
      }
    }
    for (const options of [{ colorScheme: "light", viewport: WIDE }, { colorScheme: "dark", viewport: NARROW }]) {
      const found = await accessibility(browser, address, { ...options, ignoreHTTPSErrors: true });
      faults.push(...found.map((line) => `${name}: ${line}`));
    }
  }
  assert.deepEqual([...new Set(faults)], []);
});

await browser.close();
loopback.close();
front.stop();
tenant.stop();
console.log(`${made} checks with a browser, ${failed} failed`);
process.exit(failed === 0 && made > 0 ? 0 : 1);

// The portal: an operator logs in, sets up a directory, and looks at every page that a link leads to; first with scripts, then
// without.

import { open } from "./browser.mjs";
import { ownPage } from "./page.mjs";

/** Checks the pages that need somebody who is logged in. */
export async function portal(browser, url, report) {
  report.add("/console without a session leads to the login", await closed(browser, url));
  report.add("/console/login", await ownPage(browser, url, "/console/login", { isThorough: true, leastText: 80 }));
  report.add("a wrong key is refused and said to be", await wrongKey(browser, url));
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "with scripts" : "without scripts";
    const { faults, storageState, paths } = await setUp(browser, url, javaScriptEnabled);
    report.add(`an operator logs in and sets up a directory, ${how}`, faults);
    if (javaScriptEnabled && storageState) {
      await everyPage(browser, url, report, storageState, paths);
    }
  }
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
  await page.click("main button.primary");
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
  await page.click("main button.primary");
  const domain = `${javaScriptEnabled ? "with" : "without"}-scripts.example`;
  await page.goto(`${url}/console/organizations/new`);
  await page.fill("[name=domains]", domain);
  await page.click("main button.primary");
  const organization = new URL(page.url()).pathname;
  await page.goto(`${url}/console/directories/new`);
  await page.fill("[name=organization]", domain);
  await page.click("main button.primary");
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

/** Every kind of page that a link leads to, once. */
async function everyPage(browser, url, report, storageState, paths) {
  const kind = (path) => path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{id}");
  const seen = new Map();
  const waiting = ["/console", ...paths];
  for (let path = waiting.shift(); path; path = waiting.shift()) {
    if (seen.has(kind(path))) {
      continue;
    }
    seen.set(kind(path), path);
    const { context, page } = await open(browser, url + path, { storageState });
    const links = await page.$$eval("a[href]", (all) => all.map((link) => new URL(link.href)).map(({ origin, pathname }) => ({ origin, pathname })));
    await context.close();
    waiting.push(...links.filter(({ origin, pathname }) => origin === url && /^\/console(\/|$)/.test(pathname)).map(({ pathname }) => pathname));
  }
  report.add(`${seen.size} kinds of pages of the console are linked`, seen.size > 5 ? [] : [...seen.keys()]);
  for (const [kind, path] of seen) {
    const name = kind.slice(1).replaceAll("/", "-").replaceAll("{id}", "id");
    report.add(kind, await ownPage(browser, url, path, { storageState, isThorough: true, leastText: 20, name }));
  }
}

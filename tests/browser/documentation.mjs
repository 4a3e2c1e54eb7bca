// The guides and the reference of the management API.

import { open, picture } from "./browser.mjs";
import { ownPage } from "./page.mjs";

const WIDE = { width: 1360, height: 900 };

// One page of each kind, with all pieces that there are: the others differ in what they say only.
const KINDS = ["/docs", "/docs/settings", "/api/docs", "/api/docs/endpoints"];

/** Checks the pages that need no key. */
export async function documentation(browser, url, report) {
  const paths = await everyPage(browser, url);
  report.add(`${paths.length} pages are linked`, paths.length > 20 ? [] : [`only ${paths.join(", ")}`]);
  // A few at a time: most of the time goes into axe, and there is more than one core.
  const waiting = [...paths];
  const worker = async () => {
    for (let path = waiting.shift(); path; path = waiting.shift()) {
      report.add(path, await ownPage(browser, url, path, { isThorough: KINDS.includes(path) }));
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  await tryPage(browser, url, report);
  await missingPage(browser, url, report);
}

/** The pages that the links of the side bar and of the overviews lead to. */
async function everyPage(browser, url) {
  const found = new Set(["/docs", "/api/docs"]);
  for (const start of [...found]) {
    const { context, page } = await open(browser, url + start);
    const links = await page.$$eval("a[href]", (all) => all.map((link) => new URL(link.href)).map(({ origin, pathname }) => ({ origin, pathname })));
    for (const { origin, pathname } of links) {
      if (origin === url && /^\/(api\/)?docs\//.test(pathname)) {
        found.add(pathname);
      }
    }
    await context.close();
  }
  // It is Swagger UI's, and has a check of its own.
  found.delete("/api/docs/try");
  return [...found];
}

/**
 * Swagger UI. Not looked at with axe: its colours, nested controls and small targets are not ours, and everything that it
 * tells is in the reference, which is.
 */
async function tryPage(browser, url, report) {
  for (const colorScheme of ["light", "dark"]) {
    const { context, page, faults } = await open(browser, `${url}/api/docs/try`, { colorScheme, viewport: WIDE });
    await page.waitForSelector("#swagger-ui .opblock-tag", { timeout: 20_000 });
    await picture(page, `try-${colorScheme}`);
    if (colorScheme === "light") {
      faults.push(...(await sendOne(page)));
    }
    report.add(`/api/docs/try, ${colorScheme}`, faults);
    await context.close();
  }
}

/** Sends a request with a key, as a person would. */
async function sendOne(page) {
  await page.click("button.authorize");
  await page.fill(".auth-container input", process.env.ROLLCALL_ADMIN_KEY);
  await page.click(".auth-btn-wrapper button.authorize");
  await page.click(".auth-btn-wrapper button.btn-done");
  await page.click("#operations-tag-Organizations .expand-operation, #operations-tag-Organizations");
  await page.click("#operations-Organizations-list_organizations .opblock-summary-control");
  await page.click("#operations-Organizations-list_organizations button.execute");
  const status = await page.waitForSelector("#operations-Organizations-list_organizations .live-responses-table tr.response td.response-col_status");
  const told = (await status.innerText()).trim();
  await picture(page, "try-answer");
  return told.startsWith("200") ? [] : [`a request was answered ${told}`];
}

async function missingPage(browser, url, report) {
  const { context, page, faults, answer } = await open(browser, `${url}/docs/nowhere`);
  // The browser itself says on the console that the page is missing.
  const others = faults.filter((fault) => !fault.includes("404"));
  if (answer.status() !== 404 || !(await page.textContent("h1"))?.includes("no such page")) {
    others.push("what is missing is not said to be");
  }
  report.add("/docs/nowhere", others);
  await context.close();
}

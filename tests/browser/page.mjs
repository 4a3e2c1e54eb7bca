// Any page of ours, looked at in every way.

import { accessibility, open, picture } from "./browser.mjs";

const WIDE = { width: 1360, height: 900 };
const MIDDLE = { width: 900, height: 900 };
const NARROW = { width: 360, height: 740 };
// What a browser that comes for the first time has to fetch at most: page, styles, scripts, symbols.
const MOST_BYTES = 90_000;
// Where people come first: the doors. Later pages find all but themselves in the browser.
const FIRST = ["/console", "/console/login", "/setup/start", "/apps/endpoints"];

/**
 * What is wrong with a page of ours: with scripts and without, wide and narrow. A thorough look has axe see it in the dark and
 * on a narrow screen, too. `options` are those of a browser context.
 */
export async function ownPage(browser, url, path, { isThorough, leastText = 200, name = path.slice(1).replaceAll("/", "-"), ...options }) {
  const faults = [];
  for (const javaScriptEnabled of [true, false]) {
    const colorScheme = javaScriptEnabled ? "light" : "dark";
    const opened = await open(browser, url + path, { ...options, javaScriptEnabled, colorScheme, viewport: WIDE });
    faults.push(...opened.faults, ...(await shown(opened, leastText)));
    if (FIRST.includes(path)) {
      faults.push(...(await weighed(opened)));
    }
    // Light with scripts, dark without: the pages are the same.
    await picture(opened.page, `${name}-${colorScheme}`);
    await opened.context.close();
  }
  faults.push(...(await accessibility(browser, url + path, { ...options, colorScheme: "light", viewport: WIDE })));
  if (isThorough) {
    faults.push(...(await accessibility(browser, url + path, { ...options, colorScheme: "dark", viewport: WIDE })));
    faults.push(...(await accessibility(browser, url + path, { ...options, colorScheme: "light", viewport: NARROW })));
    faults.push(...(await accessibility(browser, url + path, { ...options, forcedColors: "active", viewport: WIDE })));
  }
  for (const [width, viewport] of Object.entries({ middle: MIDDLE, narrow: NARROW })) {
    const { context, page } = await open(browser, url + path, { ...options, viewport });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) {
      faults.push(`${overflow} px wider than a screen of ${viewport.width}`);
    }
    await picture(page, `${name}-${width}`);
    await context.close();
  }
  return faults;
}

/** That the page with all that it loads is small, as it comes over the wire. */
async function weighed({ loaded }) {
  const sizes = await Promise.all(loaded.map(async (request) => (await request.sizes()).responseBodySize));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return bytes > 0 && bytes <= MOST_BYTES ? [] : [`${bytes} bytes are loaded for it; ${MOST_BYTES} are allowed`];
}

/** That there is something to read, and that every link within the page leads somewhere. */
async function shown({ page, answer }, leastText) {
  const faults = [];
  if (answer.status() !== 200) {
    faults.push(`answered ${answer.status()}`);
  }
  const policy = answer.headers()["content-security-policy"] ?? "";
  if (!policy.startsWith("default-src 'none'") || policy.includes("unsafe")) {
    faults.push(`policy: ${policy}`);
  }
  const heading = await page.textContent("h1");
  const text = await page.innerText("main");
  if (!heading?.trim() || text.length < leastText) {
    faults.push("next to nothing is shown");
  }
  // Without scripts nothing can be evaluated in the page, but it can be asked from outside.
  const anchors = await page.$$("main a[href^='#'], .skip");
  for (const anchor of anchors) {
    const target = decodeURIComponent((await anchor.getAttribute("href")).slice(1));
    if ((await page.$(`[id="${target}"]`)) === null) {
      faults.push(`#${target} leads nowhere`);
    }
  }
  return faults;
}

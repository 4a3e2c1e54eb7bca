// A browser that notices what a page must not do: break its own policy, ask another server, fail.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Everything that WCAG 2.2 AA asks for and a program can see.
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];

/** Starts the browser. As root, Chromium runs only without its sandbox; it sees our own pages only. */
export async function launch(args = []) {
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", ...args] });
}

/**
 * Opens a page and watches it. `options` are those of a browser context: `colorScheme`, `javaScriptEnabled`, `viewport`.
 * `faults` fills with what it should not have done, `loaded` with the requests that were answered.
 */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const faults = [];
  const loaded = [];
  page.on("requestfinished", (request) => loaded.push(request));
  const origin = new URL(url).origin;
  page.on("console", (message) => {
    if (message.type() === "error" || /Content.Security.Policy/i.test(message.text())) {
      faults.push(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (to.protocol !== "data:" && to.protocol !== "blob:" && to.origin !== origin) {
      faults.push(`asks ${to.origin}`);
    }
  });
  page.on("requestfailed", (request) => {
    // What was still on its way when the page was left is no fault.
    const why = request.failure()?.errorText ?? "";
    if (why !== "net::ERR_ABORTED") {
      faults.push(`failed: ${request.url()} ${why}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && response.request().resourceType() !== "document") {
      faults.push(`${response.status()}: ${response.url()}`);
    }
  });
  const answer = await page.goto(url, { waitUntil: "load" });
  return { context, page, faults, loaded, answer };
}

/**
 * What axe finds on a page: one line for each rule that is broken. `only` names rules where not all of them are asked for.
 * axe is put into the page, which the page's own policy would refuse: so the page is opened again for it, without one.
 */
export async function accessibility(browser, url, options = {}, only = RULES) {
  const { context, page } = await open(browser, url, { ...options, bypassCSP: true });
  await page.evaluate(axe);
  // What is folded is looked at, too.
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), only);
  await context.close();
  return violations.map(({ id, help, nodes }) => {
    const places = nodes.slice(0, 3).map((node) => node.target.join(" "));
    return `axe: ${id}, ${nodes.length} times: ${help} (${places.join("; ")})`;
  });
}

/** Leaves a picture where SCREENSHOTS names a folder. */
export async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) {
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
}

/** The checks that were made, and what they found. */
export class Report {
  #failed = 0;
  #made = 0;

  /** One check: `faults` is what is wrong. */
  add(what, faults) {
    this.#made += 1;
    if (faults.length > 0) {
      this.#failed += 1;
    }
    console.log(`${faults.length === 0 ? "ok  " : "FAIL"}  ${what}`);
    for (const fault of new Set(faults)) {
      console.log(`        ${fault}`);
    }
  }

  /** Ends the program: with an error where a check failed, or none was made. */
  end() {
    console.log(`${this.#made} checks of pages, ${this.#failed} failed`);
    process.exit(this.#failed === 0 && this.#made > 0 ? 0 : 1);
  }
}

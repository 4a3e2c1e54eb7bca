// Runs the checks of all pages against the server at the address that is given.

import { launch, Report } from "./browser.mjs";
import { documentation } from "./documentation.mjs";
import { portal } from "./portal.mjs";

const url = process.argv[2];
const browser = await launch();
const report = new Report();
await documentation(browser, url, report);
await portal(browser, url, report);
await browser.close();
report.end();

// SPDX-License-Identifier: Apache-2.0
// Looks at the live picture with Chromium: a screenshot of each page, what axe finds, and which requests
// the browser makes. The order comes as JSON on standard input, the findings go to standard output.
//   {url, chromium, folder, pages, views: [{width, theme}], user, password, script}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const order = JSON.parse(readFileSync(0, "utf8"));
const found = { violations: [], requests: [], errors: [], wide: [], texts: {} };

const browser = await chromium.launch({ executablePath: order.chromium, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
for (const { width, theme } of order.views) {
  const context = await browser.newContext({
    viewport: { width, height: 844 },
    colorScheme: theme,
    ignoreHTTPSErrors: true,
    httpCredentials: order.user ? { username: order.user, password: order.password } : undefined,
    acceptDownloads: true,
  });
  context.setDefaultTimeout(180_000); // a bound on waiting, not a measure of speed
  const page = await context.newPage();
  page.on("request", (request) => found.requests.push(request.url()));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && found.errors.push(message.text()));
  page.on("pageerror", (error) => found.errors.push(String(error)));
  await page.goto(order.url);
  await page.waitForFunction(() => document.getElementById("state").dataset.live === "true");
  for (const name of order.pages) {
    const id = `${name}-${width}-${theme}`;
    await page.click(`#nav a[href="#${name}"]`);
    await settle(page);
    await page.screenshot({ path: `${order.folder}/${id}.png`, fullPage: true });
    await page.evaluate(axe);
    const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    for (const one of result.violations) found.violations.push(`${id}: ${one.id}: ${one.nodes[0].html.slice(0, 160)}: ${one.nodes[0].failureSummary.slice(0, 300)}`);
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.wide.push(id);
    found.texts[id] = await page.locator("main").innerText();
  }
  await context.close();
}
await browser.close();
process.stdout.write(JSON.stringify(found));

// Two events after which the page stands, and what it has asked for has come.
async function settle(page) {
  await page.waitForLoadState("domcontentloaded");
  for (let i = 0; i < 2; ++i) {
    await page.evaluate(async () => {
      const { live } = await import("/picture/live.js");
      await new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error("no event comes")), 60_000);
        const listener = () => {
          live.listeners.delete(listener);
          resolve();
        };
        live.listeners.add(listener);
      });
    });
  }
}

// SPDX-License-Identifier: Apache-2.0
// Chromium, driven line by line (tests/e2e/browser.py). Each line of standard input is one call as JSON, and each line
// of standard output its answer: {"value": …} or {"error": "…"}. The first line opens the page:
//   {"url", "chromium", "user", "password", "ready": an expression, true once it stands}, then {"do": NAME, "with": [ARGUMENT, …]}

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? "null");
const order = await next();
const browser = await chromium.launch({ executablePath: order.chromium, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const context = await browser.newContext({
  ignoreHTTPSErrors: true,
  locale: "en-GB",
  httpCredentials: order.user ? { username: order.user, password: order.password } : undefined,
  acceptDownloads: true,
});
context.setDefaultTimeout(180_000); // a bound on waiting, not a measure of speed
const page = await context.newPage();
const requests = [];
page.on("request", (request) => requests.push(`${request.method()} ${request.url()}`));

// The value of an expression, as soon as it is true. waitForFunction would evaluate it within the page, whose policy
// forbids that.
async function until(expression) {
  for (const end = Date.now() + 60_000; Date.now() < end; await page.waitForTimeout(50)) {
    const value = await page.evaluate(expression);
    if (value) return value;
  }
  throw new Error(`waited 60 s in vain for ${expression}`);
}

const deeds = {
  open: (name) => page.click(`#nav a[href="#${name}"]`),
  click: (selector) => page.click(selector),
  press: (key) => page.keyboard.press(key),
  fill: (selector, value) => page.fill(selector, value),
  focus: (selector) => page.focus(selector),
  drag: async (selector, from, to) => {
    const box = await page.locator(selector).boundingBox();
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * from, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * to, y, { steps: 5 });
    await page.mouse.up();
  },
  until,
  size: (width, height) => page.setViewportSize({ width, height }),
  value: (expression) => page.evaluate(expression),
  text: (selector) => page.innerText(selector),
  count: (selector) => page.locator(selector).count(),
  visible: (selector) => page.locator(selector).first().isVisible(),
  // What a click saves: its name, and its bytes as base64.
  saved: async (selector) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
    return [download.suggestedFilename(), readFileSync(await download.path()).toString("base64")];
  },
  requests: () => requests,
  screenshot: (path) => page.screenshot({ path }),
};

async function answer(work) {
  try {
    process.stdout.write(`${JSON.stringify({ value: (await work()) ?? null })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
  }
}

await answer(async () => {
  await page.goto(order.url);
  await until(order.ready ?? `document.getElementById("state").dataset.live === "true"`);
});
for (let call = await next(); call; call = await next()) await answer(() => deeds[call.do](...(call.with ?? [])));
await browser.close();

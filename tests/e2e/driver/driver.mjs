// Drives real browsers for the tests: one JSON request a line on stdin, one JSON answer a line on stdout.
//
//   {"id": 1, "who": "ann", "do": "click", "selector": "[data-testid=…]"}  →  {"id": 1, "result": null}
//
// Chromium is driven through CDP, Firefox through WebDriver BiDi; nothing else differs for the caller.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { launch } from "./launch.mjs";
import { Traffic } from "./traffic.mjs";

const PROBE = readFileSync(new URL("./probe.js", import.meta.url), "utf8");
const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const TAP = readFileSync(new URL("./tap.js", import.meta.url), "utf8");
const people = new Map(); // who → { browser, page, traffic, log }

const actions = {
  async open(_, { who, kind, width = 1280, height = 800, locale = "en", scheme = "light", ...devices }) {
    const { microphone, own_devices: ownDevices = false, refuses = false } = devices;
    const browser = await launch({ kind, microphone, ownDevices, refuses, width, height, locale });
    const page = (await browser.pages())[0] ?? (await browser.newPage());
    page.setDefaultTimeout(15_000);
    const log = [];
    page.on("console", (message) => log.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => log.push(`uncaught: ${error}`));
    await page.setViewport({ width, height });
    if (kind === "chromium") {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    }
    await serveTap(page);
    await page.evaluateOnNewDocument(PROBE);
    people.set(who, { browser, page, log, traffic: kind === "chromium" ? await Traffic.of(page) : null });
  },
  goto: ({ page }, { url }) => page.goto(url, { waitUntil: "domcontentloaded" }).then(() => null),
  click: ({ page }, { selector }) => page.locator(selector).click(),
  fill: ({ page }, { selector, text }) => page.locator(selector).fill(text),
  press: ({ page }, { key }) => page.keyboard.press(key),
  type: ({ page }, { text }) => page.keyboard.type(text),
  permit: ({ page }, { permission, state }) =>
    page.browserContext().setPermission(new URL(page.url()).origin, { permission: { name: permission }, state }),
  async wait({ page }, { selector, hidden = false, timeout_ms = 15_000 }) {
    await page.waitForSelector(selector, { hidden, visible: !hidden, timeout: timeout_ms });
  },
  async wait_text({ page }, { selector, text, timeout_ms }) {
    const says = (selector, text) => document.querySelector(selector)?.textContent.trim() === text;
    await page.waitForFunction(says, { timeout: timeout_ms }, selector, text);
  },
  evaluate: ({ page }, { script }) => page.evaluate(script),
  read: ({ page }, { selector, name }) =>
    page.$$eval(selector, (found, name) => found.map((e) => (name ? e.getAttribute(name) : e.textContent)), name),
  async screenshot({ page }, { path }) {
    await settle(page);
    await page.screenshot({ path });
  },
  async viewport({ page }, { width, height, scheme }) {
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  },
  async axe({ page }, { tags }) {
    await settle(page);
    await page.evaluate(AXE);
    return page.evaluate(async (tags) => {
      const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
      const at = ({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary.replace(/\s+/g, " ")}`;
      return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} at ${at(node)}`));
    }, tags);
  },
  log: ({ log }) => log,
  traffic: ({ traffic }) => traffic.seen(),
  async close({ browser }, { who }) {
    people.delete(who);
    await browser.close();
  },
};

// What is on its way from one look to another, a dialog that opens or colours that change, belongs to neither.
function settle(page) {
  return page.evaluate(() => {
    const ends = (animation) => animation.effect.getComputedTiming().iterations !== Infinity;
    const moving = document.getAnimations().filter(ends);
    return Promise.allSettled(moving.map((animation) => animation.finished)).then(() => undefined);
  });
}

// The probe's audio worklet comes from the page's own origin, so that the product's content policy stays in force.
async function serveTap(page) {
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const tap = request.url().endsWith("/__probe/tap.js");
    return tap ? request.respond({ contentType: "text/javascript", body: TAP }) : request.continue();
  });
}

async function answer(request) {
  try {
    const result = await actions[request.do](people.get(request.who), request);
    return { id: request.id, result: result ?? null };
  } catch (error) {
    return { id: request.id, error: String(error) };
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
});
lines.on("close", async () => {
  await Promise.allSettled([...people.values()].map(({ browser }) => browser.close()));
  process.exit(0);
});

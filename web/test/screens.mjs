/**
 * Photographs the client against made-up answers, on a phone and a desk, light and dark, to be looked at:
 * `npm run build && npm run screens [scene…]`. The pictures go to test-results/.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { preview } from "vite";
import { answer, snapshot, speaking } from "./fixtures.mjs";

const FLAGS = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-sync";
const DEVICES = {
  phone: { width: 360, height: 740, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  desk: { width: 1360, height: 850 },
};
const OUT = "test-results";

const click = (testid) => (page) => page.locator(`[data-testid="${testid}"]`).click();
const hearing = (page) => page.waitForSelector('[data-hearing="true"]');
const enter = [click("join-voice-chat"), click("join-confirm"), hearing];
const channel = (steps, as = "manager") => ({ as, path: "/chats/chat_1", steps });
const SCENES = {
  auth: { as: "nobody", path: "/", steps: [click("auth-switch")] },
  chats: { as: "manager", path: "/", steps: [] },
  chat: channel([]),
  saved: { as: "manager", path: "/chats/chat_s", steps: [] },
  profile: channel([click("chat-profile-open")]),
  newchat: { as: "manager", path: "/", steps: [click("new-chat")] },
  joinas: channel([click("join-voice-chat")]),
  room: channel(enter),
  menu: channel([...enter, click("room-menu")]),
  listener: channel(enter, "listener"),
  trouble: channel([...enter, click("mic-button"), (page) => page.waitForSelector('[data-testid="mic-trouble"]')]),
  mini: channel([...enter, click("room-minimise")]),
};

/** Stands in for WebRTC: pictures need no sound, and the microphone is refused. */
function pretendToHear() {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
  class Quiet {
    connectionState = "new";
    localDescription = { sdp: "" };
    addTransceiver() {
      const { stream } = new AudioContext().createMediaStreamDestination();
      return { receiver: { track: stream.getTracks()[0] } };
    }
    getReceivers() {
      return [{ getContributingSources: () => [{ source: 2, timestamp: performance.now() }] }];
    }
    async createOffer() {}
    async setLocalDescription() {}
    async setRemoteDescription() {
      this.connectionState = "connected";
      this.onconnectionstatechange();
    }
    close() {}
  }
  window.RTCPeerConnection = Quiet;
}

function events(as) {
  const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  return event("snapshot", snapshot(as)) + event("speaking", { speaking });
}

async function serve(request, as) {
  const { origin, pathname } = new URL(request.url());
  if (pathname === "/edge/events") return request.respond({ contentType: "text/event-stream", body: events(as) });
  if (pathname.startsWith("/edge/"))
    return request.respond({ status: 201, headers: { Location: "/edge/s" }, body: "" });
  if (!pathname.startsWith("/api/")) return request.continue();
  const [status, body] = answer(origin, pathname, as);
  return request.respond({ status, contentType: "application/json", body: JSON.stringify(body) });
}

async function photograph(browser, base, name, device, colours) {
  const { as, path, steps } = SCENES[name];
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(name, error));
  await page.setViewport(DEVICES[device]);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: colours }]);
  await page.evaluateOnNewDocument(pretendToHear);
  await page.setRequestInterception(true);
  page.on("request", (request) => void serve(request, as));
  await page.goto(base + path, { waitUntil: "networkidle2" });
  for (const step of steps) await step(page);
  await new Promise((done) => setTimeout(done, 700)); // Lets opening animations end.
  await page.screenshot({ path: join(OUT, `${name}-${device}-${colours}.png`) });
  await context.close();
}

const wanted = process.argv.slice(2);
const server = await preview({ preview: { port: 0, host: "127.0.0.1" } });
const base = server.resolvedUrls.local[0].replace(/\/$/, "");
const userDataDir = await mkdtemp(join(tmpdir(), "screens-"));
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const args = FLAGS.split(" ").map((flag) => `--${flag}`);
const browser = await puppeteer.launch({ executablePath, args, userDataDir });
try {
  await mkdir(OUT, { recursive: true });
  for (const name of Object.keys(SCENES).filter((one) => wanted.length === 0 || wanted.includes(one))) {
    for (const device of Object.keys(DEVICES)) {
      for (const colours of ["light", "dark"]) await photograph(browser, base, name, device, colours);
    }
  }
} finally {
  await browser.close();
  await server.close();
  await rm(userDataDir, { recursive: true, force: true });
}

// Starts a stock browser with an empty profile, a fake microphone, and no network of its own.
import puppeteer from "puppeteer-core";

const CHROMIUM_FLAGS = [
  "--no-sandbox", // tests may run as root
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  // Pages in the background go on at full speed: every page here is somebody's foreground.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

const FIREFOX_PREFS = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "dom.min_background_timeout_value": 4,
  "app.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
};

/** @param {{kind: "chromium"|"firefox", microphone?: string, width: number, height: number, locale: string}} wish */
export function launch({ kind, microphone, width, height, locale }) {
  return kind === "firefox" ? firefox({ locale }) : chromium({ microphone, width, height, locale });
}

function chromium({ microphone, width, height, locale }) {
  const args = [...CHROMIUM_FLAGS, `--window-size=${width},${height}`, `--lang=${locale}`, `--accept-lang=${locale}`];
  if (microphone) args.push(`--use-file-for-fake-audio-capture=${microphone}`);
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const { PULSE_SERVER: _, ...env } = process.env; // without a sound card Chromium plays into nothing, in real time
  return puppeteer.launch({ executablePath, args, headless: true, env: { ...env, LANGUAGE: locale } });
}

// Firefox suspends Web Audio when there is no sound card: tests/e2e/sound_card.py is one (PULSE_SERVER).
function firefox({ locale }) {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: { ...FIREFOX_PREFS, "intl.accept_languages": locale },
  });
}

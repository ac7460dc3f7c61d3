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
  "--autoplay-policy=no-user-gesture-required",
  // Pages in the background go on at full speed: every page here is somebody's foreground.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

const FIREFOX_PREFS = {
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "dom.min_background_timeout_value": 4,
  "app.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
};

/**
 * `microphone`: a sound file for Chromium's fake microphone. `ownDevices`: no fake microphone but those of the sound
 * card (PULSE_SERVER); Chromium has to be permitted to use them, Firefox does not ask. `refuses`: a Firefox that lets
 * no page use a microphone (WebDriver BiDi has no such permission to change later).
 * @param {{kind: "chromium"|"firefox", microphone?: string, ownDevices: boolean, refuses: boolean, width: number,
 *   height: number, locale: string}} wish
 */
export function launch({ kind, ...wish }) {
  return kind === "firefox" ? firefox(wish) : chromium(wish);
}

function chromium({ microphone, ownDevices, width, height, locale }) {
  const args = [...CHROMIUM_FLAGS, `--window-size=${width},${height}`, `--lang=${locale}`, `--accept-lang=${locale}`];
  if (!ownDevices) args.push("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream");
  if (microphone) args.push(`--use-file-for-fake-audio-capture=${microphone}`);
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const { PULSE_SERVER, ...env } = process.env; // without a sound card Chromium plays into nothing, in real time
  if (ownDevices) env.PULSE_SERVER = PULSE_SERVER;
  return puppeteer.launch({ executablePath, args, headless: true, env: { ...env, LANGUAGE: locale } });
}

// Firefox suspends Web Audio when there is no sound card: tests/e2e/sound_card.py is one (PULSE_SERVER).
function firefox({ ownDevices, refuses, locale }) {
  const microphones = {
    "media.navigator.streams.fake": !ownDevices,
    "media.navigator.permission.disabled": !refuses,
    "permissions.default.microphone": refuses ? 2 : 0, // nsIPermissionManager: 2 denies, 0 asks
  };
  return puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: { ...FIREFOX_PREFS, ...microphones, "intl.accept_languages": locale },
  });
}

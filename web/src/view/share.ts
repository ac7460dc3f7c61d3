import type { Notices } from "../app/notices.svelte";
import { t } from "../i18n/index.svelte";

/** Copies a link, or shows it when the browser does not let this page write the clipboard (plain http). */
export async function copyLink(link: string, notices: Notices): Promise<void> {
  try {
    await navigator.clipboard.writeText(link);
    notices.say(t().app.copied);
  } catch {
    notices.say(`${t().app.copyFailed} ${link}`); // The next step is in the words: select and copy by hand.
  }
}

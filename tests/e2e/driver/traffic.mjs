// Keeps every byte of text a page receives: response bodies, streams as they come, server-sent events.

/** Everything one Chromium page has received so far, by the Chrome DevTools Protocol's own account. */
export class Traffic {
  #texts = [];
  #streams = new Set();

  /** @param {import("puppeteer-core").Page} page */
  static async of(page) {
    const traffic = new Traffic();
    const session = await page.createCDPSession();
    await session.send("Network.enable");
    session.on("Network.responseReceived", (event) => traffic.#begin(session, event));
    session.on("Network.dataReceived", (event) => traffic.#stream(event));
    session.on("Network.eventSourceMessageReceived", ({ data }) => traffic.#texts.push(data));
    session.on("Network.loadingFinished", (event) => traffic.#finish(session, event));
    return traffic;
  }

  /** @returns {string[]} headers, bodies and events, in the order they came */
  seen() {
    return [...this.#texts];
  }

  async #begin(session, { requestId, response }) {
    this.#texts.push(`${response.status} ${response.url}\n${JSON.stringify(response.headers)}`);
    if (response.mimeType !== "text/event-stream") return;
    this.#streams.add(requestId);
    try {
      const { bufferedData } = await session.send("Network.streamResourceContent", { requestId });
      this.#texts.push(decode(bufferedData));
    } catch (error) {
      // An EventSource is not streamable this way: its messages come as events of their own.
      this.#texts.push(`(not streamable: ${error.message})`);
    }
  }

  #stream({ requestId, data }) {
    if (data && this.#streams.has(requestId)) this.#texts.push(decode(data));
  }

  async #finish(session, { requestId }) {
    if (this.#streams.has(requestId)) return;
    try {
      const { body, base64Encoded } = await session.send("Network.getResponseBody", { requestId });
      this.#texts.push(base64Encoded ? decode(body) : body);
    } catch (error) {
      this.#texts.push(`(no body: ${error.message})`); // 204, or the page has gone elsewhere
    }
  }
}

function decode(text) {
  return Buffer.from(text, "base64").toString("utf8");
}

/** The few things this client does to SDP by itself. Pure. */

/**
 * The answer with the Opus parameters a talker should obey: discontinuous transmission in pauses and in-band forward
 * error correction (RFC 7587 §6.1). A sender takes them from the remote side's `fmtp` line.
 */
export function askForResilientOpus(answer: string): string {
  const payloadType = /^a=rtpmap:(\d+) opus\/48000/im.exec(answer)?.[1];
  if (payloadType === undefined) return answer;
  const line = new RegExp(`^a=fmtp:${payloadType} (.*)$`, "m");
  const has = line.exec(answer)?.[1];
  if (has === undefined) {
    return answer.replace(/^(a=rtpmap:\d+ opus\/48000.*)$/im, `$1\r\na=fmtp:${payloadType} useinbandfec=1;usedtx=1`);
  }
  const missing = ["useinbandfec=1", "usedtx=1"].filter((flag) => !has.includes(flag.split("=")[0] ?? flag));
  return answer.replace(line, `a=fmtp:${payloadType} ${[has.trim(), ...missing].join(";")}`);
}

/**
 * The offer with negative acknowledgements for Opus (RFC 4585 §6.2). Chromium does not offer them for audio, but asks for
 * what is lost, and sends again what it is asked for, once the answer names them.
 */
export function offerNacks(offer: string): string {
  if (/^a=rtcp-fb:(\d+|\*) nack$/m.test(offer)) return offer;
  return offer.replace(/^a=rtpmap:(\d+) opus\/48000\/2$/gim, "$&\r\na=rtcp-fb:$1 nack");
}

/** The fragment of an offer that a PATCH carries for an ICE restart (RFC 9725 §4.3.3, RFC 8840 §9). */
export function restartFragment(offer: string): string {
  const { session, media } = sections(offer);
  const first = media[0] ?? [];
  const of = (prefix: string) => first.find((line) => line.startsWith(prefix)) ?? null;
  const fromSession = session.filter((line) => /^a=(group:BUNDLE|ice-options:)/.test(line));
  const inMedia = [of("m="), of("a=mid:"), of("a=ice-ufrag:"), of("a=ice-pwd:")];
  const candidates = first.filter((line) => line.startsWith("a=candidate:"));
  return [...fromSession, ...inMedia.filter((line) => line !== null), ...candidates].join("\r\n") + "\r\n";
}

/** The earlier answer with the server's new ICE credentials, and its new candidates when it names any. */
export function restartedAnswer(answer: string, fragment: string): string {
  const lines = splitLines(fragment);
  const ufrag = lines.find((line) => line.startsWith("a=ice-ufrag:"));
  const pwd = lines.find((line) => line.startsWith("a=ice-pwd:"));
  const candidates = lines.filter((line) => line.startsWith("a=candidate:"));
  if (ufrag === undefined || pwd === undefined) return answer;
  const kept = splitLines(answer).filter((line) => candidates.length === 0 || !line.startsWith("a=candidate:"));
  const renewed = kept.flatMap((line) => {
    if (line.startsWith("a=ice-ufrag:")) return [ufrag];
    if (line.startsWith("a=ice-pwd:")) return [pwd, ...candidates];
    return [line];
  });
  return renewed.join("\r\n") + "\r\n";
}

function sections(sdp: string): { session: string[]; media: string[][] } {
  const session: string[] = [];
  const media: string[][] = [];
  for (const line of splitLines(sdp)) {
    if (line.startsWith("m=")) media.push([line]);
    else (media.at(-1) ?? session).push(line);
  }
  return { session, media };
}

function splitLines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== "");
}

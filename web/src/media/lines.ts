import { watchLosses } from "./patience";
import { watchVoices } from "./voices";

/** Looks after the lines of the listening session: who is in them, and what they miss. Returns how to stop. */
export function watchLines(receivers: () => readonly RTCRtpReceiver[], heard: (csrcs: number[]) => void): () => void {
  const stops = [watchVoices(receivers, heard), watchLosses(receivers)];
  return () => stops.forEach((stop) => stop());
}

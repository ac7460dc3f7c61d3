import { watchLosses } from "./patience";
import { watchVoices } from "./voices";

/**
 * Looks after the lines of the listening session: who is in them, and what they miss. Returns how to stop.
 * @param talks whether this participant is heard too.
 */
export function watchLines(
  receivers: () => readonly RTCRtpReceiver[],
  talks: () => boolean,
  heard: (csrcs: number[]) => void,
): () => void {
  const stops = [watchVoices(receivers, heard), watchLosses(receivers, talks)];
  return () => stops.forEach((stop) => stop());
}

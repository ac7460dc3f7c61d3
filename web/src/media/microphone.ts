import type { MicTrouble } from "../room/state";

export type Opened = { ok: true; track: MediaStreamTrack } | { ok: false; trouble: MicTrouble };

const CONSTRAINTS: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  channelCount: 1,
};

/** Asks for the microphone. Never throws: what stands in the way is an answer, and listening goes on. */
export async function openMicrophone(): Promise<Opened> {
  // Browsers hide the devices from pages that are neither https nor localhost.
  if (!("mediaDevices" in navigator)) return { ok: false, trouble: "unsupported" };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: CONSTRAINTS });
    const track = stream.getAudioTracks()[0];
    return track === undefined ? { ok: false, trouble: "missing" } : { ok: true, track };
  } catch (error) {
    return { ok: false, trouble: troubleOf(error instanceof Error ? error.name : "") };
  }
}

/** The names getUserMedia fails with (Media Capture and Streams §10.2). */
export function troubleOf(name: string): MicTrouble {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "in_use";
    default:
      return "unsupported";
  }
}

// Runs in every page before the page's own scripts: hears what the page hears, and says what it is told to say.
//
// Two taps, each an AudioWorklet that copies the sum of its tracks with the wall clock beside it:
//   sent      what the microphone gives (the stream getUserMedia answered)
//   received  what arrives through every RTCPeerConnection
// The product has no hook for tests: this one wraps the browser's own constructors.
(() => {
  const RATE = 48000;
  const CHUNK = 960; // 20 ms, as in tap.js
  let context;
  function audio() {
    context ??= new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    return context;
  }

  class Tap {
    chunks = [];
    tracks = new Set();
    async node() {
      this.ready ??= this.start();
      return this.ready;
    }
    async start() {
      module ??= audio().audioWorklet.addModule("/__probe/tap.js"); // the driver answers, not the server
      await module;
      const tap = new AudioWorkletNode(audio(), "tap", { channelCount: 1, channelCountMode: "explicit" });
      tap.port.onmessage = ({ data }) => this.chunks.push(data);
      tap.connect(audio().destination);
      return tap;
    }
    async add(track) {
      if (track.kind !== "audio" || this.tracks.has(track)) return;
      this.tracks.add(track);
      const source = audio().createMediaStreamSource(new MediaStream([track]));
      source.connect(await this.node());
      await audio().resume();
    }
    // Everything heard since `since` (a frame number): 16-bit PCM in base64, and the wall clock of its first sample.
    take(since = 0) {
      const chunks = this.chunks.filter(({ frame }) => frame >= since);
      const pcm = new Int16Array(chunks.length * CHUNK);
      const offsets = [];
      chunks.forEach(({ wall, frame, pcm: samples }, index) => {
        for (let i = 0; i < CHUNK; i++) pcm[index * CHUNK + i] = Math.max(-1, Math.min(1, samples[i])) * 32767;
        offsets.push(wall - (index * CHUNK * 1000) / RATE);
      });
      return { rate: RATE, startsAtMs: median(offsets), frame: chunks[0]?.frame ?? 0, pcm: base64(pcm) };
    }
    forget() {
      this.chunks = [];
    }
  }
  let module;
  const taps = { sent: new Tap(), received: new Tap() };

  function median(values) {
    return values.length === 0 ? 0 : values.sort((a, b) => a - b)[values.length >> 1];
  }

  function base64(pcm) {
    const bytes = new Uint8Array(pcm.buffer);
    let text = "";
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    return btoa(text);
  }

  // Firefox has no fake microphone that plays a file: the page's microphone is then this buffer, looped.
  let speech;
  function speak(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const samples = Float32Array.from(new Int16Array(bytes.buffer), (sample) => sample / 32768);
    speech = audio().createBuffer(1, samples.length, RATE);
    speech.copyToChannel(samples, 0);
  }

  function ownMicrophone() {
    const source = new AudioBufferSourceNode(audio(), { buffer: speech, loop: true });
    const destination = audio().createMediaStreamDestination();
    destination.channelCount = 1;
    source.connect(destination);
    source.start();
    audio().resume();
    return destination.stream;
  }

  const connections = [];
  const Connection = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Connection {
    constructor(...args) {
      super(...args);
      connections.push(this);
      this.addEventListener("track", ({ track }) => taps.received.add(track));
    }
  };

  const devices = navigator.mediaDevices;
  if (devices) {
    const getUserMedia = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = speech ? ownMicrophone() : await getUserMedia(constraints);
      for (const track of stream.getAudioTracks()) taps.sent.add(track.clone());
      return stream;
    };
  }

  // A client that does not obey: it goes on sending whatever the page's own code switches off.
  function disobey() {
    Object.defineProperty(MediaStreamTrack.prototype, "enabled", { get: () => true, set: () => undefined });
    MediaStreamTrack.prototype.stop = () => undefined;
    RTCRtpSender.prototype.replaceTrack = async () => undefined;
  }

  async function packetsSent() {
    let sent = 0;
    for (const connection of connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === "outbound-rtp") sent += report.packetsSent;
      }
    }
    return sent;
  }

  Object.defineProperty(globalThis, "__probe", { value: { taps, speak, disobey, packetsSent, connections } });
})();

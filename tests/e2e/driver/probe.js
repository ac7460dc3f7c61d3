// Runs in every page before the page's own scripts: hears what the page hears, and says what it is told to say.
//
// Two taps, each the sum of its tracks in pieces of 10 ms, with the wall clock beside each piece:
//   sent      what the microphone gives (the stream getUserMedia answered)
//   received  what arrives through every RTCPeerConnection
// Chromium hands out the tracks' own samples, of which none are lost however busy the machine is; its Web Audio drops
// sound when its thread is late. Firefox has Web Audio only, but makes it in the same thread as the tracks' sound.
// The product has no hook for tests: this one wraps the browser's own constructors.
(() => {
  const RATE = 48000;
  const CHUNK = 480; // 10 ms, as in tap.js
  let context;
  function audio() {
    context ??= new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    return context;
  }

  class Tap {
    chunks = [];
    forgotten = 0; // samples
    tracks = new Set();
    add(track) {
      if (track.kind !== "audio" || this.tracks.has(track)) return;
      this.tracks.add(track);
      if ("MediaStreamTrackProcessor" in globalThis) this.read(track.clone());
      else this.connect(track);
    }
    async read(track) {
      const maxBufferSize = 1000; // 10 s that the page may be busy with other things
      const frames = new MediaStreamTrackProcessor({ track, maxBufferSize }).readable.getReader();
      // Every track gives its 10 ms at the same moments: one that joins later begins with the newest piece.
      let at = this.forgotten + Math.max(0, this.chunks.length - 1) * CHUNK;
      for (;;) {
        const { value: frame, done } = await frames.read();
        if (done) return;
        if (frame.sampleRate !== RATE) throw new Error(`a track of ${frame.sampleRate} Hz`);
        const samples = new Float32Array(frame.numberOfFrames);
        frame.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
        frame.close();
        for (const sample of samples) this.put(at++ - this.forgotten, sample);
      }
    }
    put(at, sample) {
      if (at < 0) return;
      const index = Math.floor(at / CHUNK);
      this.chunks[index] ??= { wall: Date.now(), pcm: new Float32Array(CHUNK) };
      this.chunks[index].pcm[at % CHUNK] += sample;
    }
    async connect(track) {
      const source = audio().createMediaStreamSource(new MediaStream([track]));
      this.node ??= this.worklet();
      source.connect(await this.node);
      await audio().resume();
    }
    async worklet() {
      module ??= audio().audioWorklet.addModule("/__probe/tap.js"); // the driver answers, not the server
      await module;
      const tap = new AudioWorkletNode(audio(), "tap", { channelCount: 1, channelCountMode: "explicit" });
      tap.port.onmessage = ({ data }) => this.chunks.push(data);
      tap.connect(audio().destination);
      return tap;
    }
    // Everything heard: 16-bit PCM in base64, and the wall clock of each 10 ms of it.
    take() {
      const pcm = new Int16Array(this.chunks.length * CHUNK);
      this.chunks.forEach(({ pcm: samples }, index) => {
        for (let i = 0; i < CHUNK; i++) pcm[index * CHUNK + i] = Math.max(-1, Math.min(1, samples[i])) * 32767;
      });
      return { cameMs: this.chunks.map(({ wall }) => wall), pcm: base64(pcm) };
    }
    forget() {
      this.forgotten += this.chunks.length * CHUNK;
      this.chunks = [];
    }
  }
  let module;
  const taps = { sent: new Tap(), received: new Tap() };

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

  const packetsSent = () => total("outbound-rtp", "packetsSent");
  const packetsReceived = () => total("inbound-rtp", "packetsReceived");

  // Over every connection the page ever had; a closed one keeps no count of what it sent.
  async function total(type, counter) {
    let packets = 0;
    for (const connection of connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === type) packets += report[counter];
      }
    }
    return packets;
  }

  // How long the jitter buffers would have each sample wait, and how long it did wait, all in all: seconds, and samples.
  async function waits() {
    let [wished, waited, samples] = [0, 0, 0];
    for (const connection of connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== "inbound-rtp") continue;
        wished += report.jitterBufferTargetDelay ?? 0;
        waited += report.jitterBufferDelay ?? 0;
        samples += report.jitterBufferEmittedCount ?? 0;
      }
    }
    return [wished, waited, samples];
  }

  const probe = { taps, speak, disobey, packetsSent, packetsReceived, waits, connections };
  Object.defineProperty(globalThis, "__probe", { value: probe });
})();

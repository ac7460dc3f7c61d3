// The audio thread's half of probe.js: mono sound in pieces of 10 ms, each with the wall clock.
const CHUNK = 480;

registerProcessor(
  "tap",
  class extends AudioWorkletProcessor {
    chunk = new Float32Array(CHUNK);
    filled = 0;

    process([input]) {
      const samples = input[0] ?? new Float32Array(128);
      for (const sample of samples) {
        this.chunk[this.filled++] = sample;
        if (this.filled === CHUNK) this.send();
      }
      return true;
    }

    send() {
      this.port.postMessage({ wall: Date.now(), pcm: this.chunk.slice() });
      this.filled = 0;
    }
  },
);

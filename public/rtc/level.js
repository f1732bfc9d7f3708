/** Where speech is about as loud as it gets, of 1. */
const LOUD = 0.3;

/** How loud a microphone is. */
export class Level {
  // Nothing is to be played, so no loudspeaker is opened, which may take long or fail.
  #context = new AudioContext(/** @type {AudioContextOptions} */ ({ sinkId: { type: 'none' } }));
  // As long as the time between two looks (85 ms at 48 kHz): no sound falls between them.
  #analyser = new AnalyserNode(this.#context, { fftSize: 4096 });
  #samples = new Float32Array(this.#analyser.fftSize);
  /** @type {MediaStreamAudioSourceNode | undefined} */
  #source;

  /** @param {MediaStreamTrack | undefined} track */
  listen(track) {
    this.#source?.disconnect();
    this.#source = track && new MediaStreamAudioSourceNode(this.#context, { mediaStream: new MediaStream([track]) });
    this.#source?.connect(this.#analyser);
    // Before anybody has touched the page, it may not run.
    if (track) this.#context.resume().catch(() => {});
  }

  /** From 0 to 1. */
  get value() {
    if (!this.#source) return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    return Math.min(1, Math.sqrt(power) / LOUD);
  }

  close() {
    this.listen(undefined);
    this.#context.close().catch(() => {});
  }
}

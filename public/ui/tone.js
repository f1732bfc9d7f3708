/** A fourth upwards, in hertz, and when each note begins, in seconds. */
const NOTES = Object.freeze([
  { pitch: 659.3, at: 0 },
  { pitch: 880, at: 0.09 },
]);
const LOUDNESS = 0.06;
const LENGTH = 0.35;

/** @type {AudioContext | undefined} */
let context;

/** A soft tone, made here. A page that nobody has touched yet may make no sound, and does not try. */
export function playTone() {
  if (!navigator.userActivation?.hasBeenActive) return;
  context ??= new AudioContext();
  const output = context;
  for (const { pitch, at } of NOTES) {
    const start = output.currentTime + at;
    const volume = new GainNode(output, { gain: 0 });
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + LENGTH);
    const note = new OscillatorNode(output, { frequency: pitch });
    note.connect(volume).connect(output.destination);
    note.start(start);
    note.stop(start + LENGTH);
  }
}

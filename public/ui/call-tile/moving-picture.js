import { element } from '../dom.js';

/**
 * Shows a track. Another one takes its place once it has something to show: until then the last picture stands.
 */
export class MovingPicture {
  node = element('div', { class: 'picture' });
  /** @type {MediaStreamTrack | undefined} */
  #track;
  /** @type {HTMLVideoElement | undefined} */
  #next;
  #changed;

  /** @param {() => void} changed There is a picture now. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Something is to be seen. */
  get isThere() {
    return this.node.firstElementChild !== null;
  }

  /** @param {MediaStreamTrack | undefined} track */
  show(track) {
    if (track === this.#track) return;
    this.#track = track;
    if (!track) return;
    const video = element('video', { autoplay: true, playsinline: true, disablepictureinpicture: true });
    // What is to be heard is played elsewhere. A property: the attribute would only say how it begins.
    video.muted = true;
    video.srcObject = new MediaStream([track]);
    video.addEventListener('loadeddata', () => this.#arrived(video), { once: true });
    video.play().catch(() => {});
    this.#next = video;
  }

  /** Nothing is to be seen any more. */
  clear() {
    this.#track = undefined;
    this.#next = undefined;
    if (!this.isThere) return;
    release(this.node);
    this.#changed();
  }

  /** @param {HTMLVideoElement} video */
  #arrived(video) {
    if (video !== this.#next) return;
    this.#next = undefined;
    release(this.node);
    this.node.append(video);
    video.play().catch(() => {});
    this.#changed();
  }
}

/** @param {HTMLElement} node */
function release(node) {
  for (const video of node.querySelectorAll('video')) video.srcObject = null;
  node.replaceChildren();
}

/** @typedef {import('../protocol/calls.js').Source} Source */

/** What a camera's picture may take, in bits a second, of so many pixels; small ones need more for each pixel. */
const CAMERA = Object.freeze({ pixels: 1280 * 720, rate: 1_700_000, least: 100_000, exponent: 0.8 });
const SCREEN_RATE = 2_500_000;
/** From so many pixels on, so many layers are worth it. Browsers leave out the largest one where there are more layers than that. */
const WORTH = Object.freeze([
  { layers: 3, pixels: 960 * 540 },
  { layers: 2, pixels: 480 * 270 },
]);

/**
 * Says how large each encoding is and what it may take. Fewer than were asked for are used where the camera's picture is small.
 *
 * @param {RTCRtpSender} sender
 * @param {Source} source
 * @param {number} [copies] How many connections carry the same, and so share what ours can: a picture to one gets all of it, to three a
 *   third each, but never so little that nothing can be seen.
 */
export async function limit(sender, source, copies = 1) {
  const parameters = sender.getParameters();
  const { encodings } = parameters;
  if (encodings.length === 0) return;
  if (source === 'camera') layer(encodings, sender.track?.getSettings(), copies);
  else if (source === 'screen') for (const encoding of encodings) encoding.maxBitrate = Math.round(SCREEN_RATE / copies);
  else for (const encoding of encodings) encoding.networkPriority = 'high';
  await sender.setParameters(parameters);
}

/**
 * @param {RTCRtpEncodingParameters[]} encodings The smallest first.
 * @param {MediaTrackSettings | undefined} settings
 * @param {number} copies
 */
function layer(encodings, { width = 1280, height = 720 } = {}, copies) {
  const pixels = width * height;
  const worth = WORTH.find((step) => pixels >= step.pixels)?.layers ?? 1;
  const layers = Math.min(worth, encodings.length);
  encodings.forEach((encoding, index) => {
    encoding.active = index < layers;
    const smaller = Math.max(0, layers - 1 - index);
    encoding.scaleResolutionDownBy = 2 ** smaller;
    encoding.maxBitrate = rateOf(pixels / 4 ** smaller, copies);
  });
}

/**
 * @param {number} pixels
 * @param {number} copies
 */
function rateOf(pixels, copies) {
  return Math.round(Math.max(CAMERA.least, (CAMERA.rate * (pixels / CAMERA.pixels) ** CAMERA.exponent) / copies));
}

/**
 * Runs in a page before everything else: a drawn person in place of what a camera sees, and a whiteboard in place of a screen.
 *
 * @param {number} hue Whose colours, in degrees.
 */
export function draw(hue) {
  const { mediaDevices } = navigator;
  if (!mediaDevices) return;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  const canvasTrack = (width, height, paint) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const pen = canvas.getContext('2d');
    paint(pen);
    setInterval(() => paint(pen), 200);
    return canvas.captureStream(5).getVideoTracks()[0];
  };
  const person = (pen) => {
    const light = pen.createLinearGradient(0, 0, 640, 360);
    light.addColorStop(0, `oklch(0.82 0.05 ${hue})`);
    light.addColorStop(1, `oklch(0.6 0.09 ${hue + 40})`);
    pen.fillStyle = light;
    pen.fillRect(0, 0, 640, 360);
    pen.fillStyle = `oklch(0.36 0.06 ${hue + 20})`;
    for (const [x, y, width, height] of [[320, 158, 66, 78], [320, 372, 150, 130]]) {
      pen.beginPath();
      pen.ellipse(x, y, width, height, 0, 0, 7);
      pen.fill();
    }
  };
  const board = (pen) => {
    pen.fillStyle = '#ffffff';
    pen.fillRect(0, 0, 1280, 720);
    pen.fillStyle = '#1c2126';
    pen.font = '600 44px sans-serif';
    pen.fillText('Release 1.0: what is left', 80, 110);
    pen.font = '30px sans-serif';
    ['Pictures for the documents', 'Write up the load test', 'The button that went for a swim', 'Cake'].forEach((line, index) => pen.fillText(`·  ${line}`, 80, 200 + index * 64));
  };
  mediaDevices.getUserMedia = async ({ audio, video }) => {
    const sound = audio ? (await open({ audio })).getTracks() : [];
    return new MediaStream([...sound, ...(video ? [canvasTrack(640, 360, person)] : [])]);
  };
  mediaDevices.getDisplayMedia = async () => new MediaStream([canvasTrack(1280, 720, board)]);
}

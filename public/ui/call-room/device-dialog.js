import { CallPickers } from '../call-pickers/call-pickers.js';
import { dialog, dialogHead } from '../dialog.js';

/** Other devices, in the middle of a call. */
export class DeviceDialog {
  node = dialog('call-devices-title');

  /** @param {import('../call-view/own-media.js').OwnMedia} own */
  constructor(own) {
    this.node.append(dialogHead(this.node, 'Microphone, camera, speaker'), new CallPickers(own));
  }

  open() {
    this.node.showModal();
  }
}

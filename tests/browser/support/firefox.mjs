import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

import puppeteer from 'puppeteer-core';

const PATHS = [process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'];

/** Where Firefox is, if it is installed. */
export function firefoxPath() {
  return PATHS.find((path) => path && existsSync(path));
}

/** An address of this machine to which Firefox connects: it leaves the loopback interface out. */
export function ownAddress() {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

/** Firefox with a camera and a microphone that nobody has to allow. It is Debian's own, driven by WebDriver BiDi. */
export function launchFirefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxPath(),
    timeout: 120_000,
    protocolTimeout: 300_000,
    extraPrefsFirefox: {
      'media.autoplay.default': 0,
      'media.navigator.permission.disabled': true,
      'media.navigator.streams.fake': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
    },
  });
}

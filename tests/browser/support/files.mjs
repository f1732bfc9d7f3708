import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A crash of a process leaves its files as they are, also in memory, where nobody has to wait for a disk: a lease is lost when an fsync
// takes seconds, and on a machine with others it does.
const FILES = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A directory of its own for a program. */
export function directory(program) {
  return mkdtemp(join(FILES, `rialto-${program}-`));
}

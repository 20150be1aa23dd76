import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder that is removed when the test file has run. */
export const tempFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cf-test-'));
  made.push(folder);
  return folder;
};

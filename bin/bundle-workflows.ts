import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { packageRoot } from '../config/package-root.js';

/** Writes `dist/workflow-bundle.js` at package build time: bundling at start would cost every worker 3 s. */
const { code } = await bundleWorkflowCode({
  workflowsPath: join(packageRoot, 'dist', 'workflows', 'index.js'),
  logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error },
});
await writeFile(join(packageRoot, 'dist', 'workflow-bundle.js'), code);

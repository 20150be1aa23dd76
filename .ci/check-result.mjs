// Usage: check-result.mjs PS_JSON RESULT_TXT. Exits 1 unless one swarm ended completed on the embedded model and its result was printed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [psFile, resultFile] = process.argv.slice(2);
const { swarms } = JSON.parse(readFileSync(psFile, 'utf8'));
assert.equal(swarms.length, 1);
const [{ swarmId }] = swarms;
const view = JSON.parse(execFileSync(process.execPath, ['dist/bin/cf.js', 'show', swarmId, '--json'], { encoding: 'utf8' }));
assert.equal(view.status, 'completed');
assert.match(view.model, /^local\//);
assert.equal(view.simulated, false);
assert.ok(view.tasks.length > 0 && view.tasks.every(({ status, attempts }) => status === 'succeeded' && attempts > 0), 'every task succeeded');
assert.ok(view.usage.modelCalls > view.tasks.length && view.usage.outputTokens > 0, 'the model answered');
const printed = readFileSync(resultFile, 'utf8').trim();
assert.ok(printed !== '' && printed.includes(view.result.trim().split('\n')[0].trim().slice(0, 60)), 'the printed result is that of the swarm');
console.log(`${swarmId}: ${view.tasks.length} tasks, ${view.usage.modelCalls} model calls, ${Math.round(view.durationMs / 1000)} s on ${view.model}`);

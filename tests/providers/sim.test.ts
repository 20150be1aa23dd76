import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONTRACT_NAMES } from '../../domain/contracts.js';
import type { ModelRequest } from '../../providers/port.js';
import { createSimProvider } from '../../providers/sim.js';
import { tempFolder } from '../helpers/temp-folder.js';

const request = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  key: 'swarm-1/t1/answer/1',
  model: 'echo',
  system: 'You are a tester.',
  prompt: '## Objective\n\nFind it.\n\n## Your task\n\nLook under the stone.',
  contract: 'report',
  maxOutputTokens: 100,
  traceId: 'a'.repeat(32),
  signal: new AbortController().signal,
  ...more,
});
const scripted = (yaml: string) => {
  const scriptFile = join(tempFolder(), 'script.yaml');
  writeFileSync(scriptFile, yaml);
  return createSimProvider({ scriptFile });
};

describe('sim/echo', () => {
  test.each(CONTRACT_NAMES)('gives a valid %s', async (contract) => {
    const { broken, raw } = await createSimProvider({ scriptFile: null }).generate(request({ contract, choices: ['researcher', 'analyst'] }));
    expect(broken).toBeNull();
    if (!['review', 'ballot'].includes(contract)) expect(raw).toContain('[simulated]');
  });
  test('labels a text once, also where the task is its own', async () => {
    const { answer } = await createSimProvider({ scriptFile: null }).generate(request({ prompt: '## Your task\n\n[simulated] look at the first half' }));
    expect((answer as { text: string }).text).toBe('[simulated] look at the first half');
  });
  test('another name is refused', async () => {
    await expect(createSimProvider({ scriptFile: null }).generate(request({ model: 'oracle' }))).rejects.toMatchObject({ code: 'provider_rejected' });
  });
});

describe('sim/scripted', () => {
  const model = 'scripted';
  test('the first entry that fits answers; times ends it; what fits none is echoed', async () => {
    const provider = scripted(`
- match: { contract: review }
  answer: { verdict: revise, findings: [{ severity: minor, reason: dull, fix: sharpen }] }
  times: 1
- match: { key: t1/answer }
  answer: { text: from the script, claims: [] }
`);
    expect((await provider.generate(request({ model }))).answer).toMatchObject({ text: 'from the script' });
    expect((await provider.generate(request({ model, key: 'swarm-1/t1/review/1', contract: 'review' }))).answer).toMatchObject({ verdict: 'revise' });
    expect((await provider.generate(request({ model, key: 'swarm-1/t1/review/1', contract: 'review' }))).answer).toMatchObject({ verdict: 'accept' });
    expect((await provider.generate(request({ model, key: 'swarm-1/t2/answer/1' }))).raw).toContain('[simulated]');
  });
  test('an error is thrown with its code, a text that breaks the contract is a broken answer', async () => {
    const provider = scripted('- match: { key: t1 }\n  error: { code: rate_limited, message: slow down }\n- answer: no JSON\n');
    await expect(provider.generate(request({ model }))).rejects.toMatchObject({ code: 'rate_limited', message: 'slow down' });
    expect((await provider.generate(request({ model, key: 'swarm-1/t2/answer/1' }))).broken).toContain('not JSON');
  });
  test('a delay ends when the call is cancelled', async () => {
    const stop = new AbortController();
    const answer = scripted('- answer: late\n  delayMs: 600000\n').generate(request({ model, signal: stop.signal }));
    stop.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });
  test.each([
    ['is not named', null, 'CF_SIM_SCRIPT is not set'],
    ['is missing', '/nonexistent/script.yaml', 'ENOENT'],
  ])('a script that %s is refused', async (_, scriptFile, why) => {
    await expect(createSimProvider({ scriptFile }).generate(request({ model }))).rejects.toMatchObject({ code: 'invalid_input', why: expect.stringContaining(why) });
  });
  test('a script with an unknown key is refused and says where', async () => {
    await expect(scripted('- anser: x\n').generate(request({ model }))).rejects.toMatchObject({ code: 'invalid_input', why: expect.stringContaining('anser') });
  });
});

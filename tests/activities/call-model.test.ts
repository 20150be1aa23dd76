import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test } from 'vitest';
import { createModelActivities } from '../../activities/call-model.js';
import { packageRoot } from '../../config/package-root.js';
import { SwarmError } from '../../domain/errors.js';
import type { ModelAnswer, ModelCall } from '../../domain/model-call.js';
import { openStorage } from '../../storage/index.js';
import { failureOf } from '../../workers/activity-interceptor.js';
import { createFakeModel, type Script } from '../helpers/fake-model.js';
import { tempFolder } from '../helpers/temp-folder.js';

const setUp = async (script?: Script) => {
  const storage = openStorage({ home: tempFolder(), root: packageRoot });
  const model = createFakeModel(script);
  const system = await storage.blobs.put('You are a tester.');
  const call: ModelCall = {
    key: 'swarm-1/t1/answer/1',
    model: 'sim/fake',
    contract: 'report',
    system: system.hash,
    prompt: [{ heading: 'Your task', text: 'Say it.' }],
    maxOutputTokens: 50,
    traceId: 'a'.repeat(32),
  };
  return { storage, model, call };
};
const activities = ({ storage, model }: Awaited<ReturnType<typeof setUp>>, ledger = storage.ledger) =>
  createModelActivities({ providers: new Map([['sim', model.provider]]), ...storage, ledger, process: { pid: 1, processStart: 's' } });

const run = (setup: Awaited<ReturnType<typeof setUp>>) => new MockActivityEnvironment().run(activities(setup).callModel, setup.call) as Promise<ModelAnswer>;

describe('callModel', () => {
  test('an attempt killed after the answer is not paid twice', async () => {
    const setup = await setUp();
    const first = activities(setup, {
      ...setup.storage.ledger,
      record: async (...written) => {
        await setup.storage.ledger.record(...written);
        throw new Error('killed');
      },
    });
    await expect(new MockActivityEnvironment().run(first.callModel, setup.call)).rejects.toThrow('killed');
    const answer = await run(setup);
    expect(answer.text.preview).toContain('answer to t1/answer/1');
    expect(setup.model.requests).toHaveLength(1);
  });
  test('the answer is on disk before it is returned; history gets references only', async () => {
    const setup = await setUp(() => ({ text: 'x'.repeat(100_000), claims: [] }));
    const answer = await run(setup);
    expect(await setup.storage.blobs.get(answer.text.hash)).toBe('x'.repeat(100_000));
    expect(JSON.stringify(answer).length).toBeLessThan(400);
    expect(setup.storage.ledger.inFlight()).toEqual([]);
  });
  test('a broken answer is a value that keeps its text, not a throw', async () => {
    const setup = await setUp(() => 'no JSON');
    const answer = await run(setup);
    expect(answer.broken).toContain('not JSON');
    expect(await setup.storage.blobs.get(answer.text.hash)).toBe('no JSON');
  });
  test('cancellation reaches the provider, nothing is recorded', async () => {
    const setup = await setUp();
    setup.model.hold(/./);
    const environment = new MockActivityEnvironment();
    const running = environment.run(activities(setup).callModel, setup.call) as Promise<unknown>;
    while (setup.model.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    environment.cancel();
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect([setup.model.requests[0]?.signal.aborted, setup.storage.ledger.find(setup.call.key), setup.storage.ledger.inFlight()]).toEqual([true, null, []]);
  });
  test('a worker without the provider says what it needs', async () => {
    const setup = await setUp();
    await expect(new MockActivityEnvironment().run(activities(setup).callModel, { ...setup.call, model: 'openai/x' })).rejects.toMatchObject({
      code: 'unauthenticated',
      fix: expect.stringContaining('OPENAI_API_KEY'),
    });
  });
});

describe('the failure of an activity', () => {
  test('carries the retry intent of its code, the wait it was told, and a bound', () => {
    expect(failureOf(new SwarmError({ code: 'rate_limited', message: 'm', retryAfterMs: 500 }), 1)).toMatchObject({
      type: 'rate_limited',
      nonRetryable: false,
      nextRetryDelay: 500,
    });
    expect(failureOf(new SwarmError({ code: 'provider_rejected', message: 'm' }), 1)).toMatchObject({ type: 'provider_rejected', nonRetryable: true });
    expect([9, 10].map((attempt) => failureOf(new SwarmError({ code: 'provider_unavailable', message: 'm' }), attempt).nonRetryable)).toEqual([false, true]);
    expect([4, 5].map((attempt) => failureOf(new Error('bug'), attempt).nonRetryable)).toEqual([false, true]);
  });
  test('leaves the cause behind: it may quote a request', () => {
    expect(JSON.stringify(failureOf(new SwarmError({ code: 'provider_unavailable', message: 'm', cause: new Error('sk-secret') }), 1))).not.toContain('sk-secret');
  });
});

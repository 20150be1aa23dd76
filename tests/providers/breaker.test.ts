import { describe, expect, test, vi } from 'vitest';
import { SwarmError, type ErrorCode } from '../../domain/errors.js';
import { withBreaker } from '../../providers/breaker.js';
import type { ModelReply, ModelRequest } from '../../providers/port.js';

const reply: ModelReply = { raw: 'yes', answer: { text: 'yes' }, broken: null, usage: { inputTokens: 1, outputTokens: 1 } };
const failure = (code: ErrorCode) => new SwarmError({ code, message: code, why: '', fix: '' });

/** A provider whose requests end when and as the test says, behind a breaker with a clock of the test's own. */
const setUp = () => {
  const sent: { succeed(): void; fail(error: unknown): void }[] = [];
  const clock = { now: 0 };
  const provider = withBreaker({ name: 'compat', generate: () => new Promise((resolve, reject) => sent.push({ succeed: () => resolve(reply), fail: reject })) }, () => clock.now);
  const ask = (signal = new AbortController().signal) => provider.generate({ key: 'swarm-1/t1/answer/1', signal } as ModelRequest);
  const askAndFail = async (code: ErrorCode = 'provider_unavailable'): Promise<void> => {
    const asked = ask();
    sent.at(-1)?.fail(failure(code));
    await expect(asked).rejects.toMatchObject({ message: code });
  };
  const fallSilent = async (): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await askAndFail();
  };
  return { sent, clock, ask, askAndFail, fallSilent };
};

describe('a provider behind a breaker', () => {
  test('is not asked after five failures in a row', async () => {
    const { sent, ask, fallSilent } = setUp();
    await fallSilent();
    await expect(ask()).rejects.toMatchObject({ code: 'provider_unavailable', message: 'compat is not asked just now.', retryAfterMs: undefined });
    expect(sent).toHaveLength(5);
  });

  test('is asked by one probe after a pause; what comes meanwhile waits for what it finds', async () => {
    const { sent, clock, ask, fallSilent } = setUp();
    await fallSilent();
    clock.now = 1_000;
    const probe = ask().catch(() => 'failed');
    const waiting = ask();
    sent.at(-1)?.fail(failure('provider_unavailable'));
    expect(await probe).toBe('failed');
    await expect(waiting).rejects.toThrow('not asked just now');
    clock.now = 3_000;
    const second = [ask(), ask(), ask()];
    expect(sent).toHaveLength(7);
    sent.at(-1)?.succeed();
    expect(await second[0]).toBe(reply);
    await vi.waitUntil(() => sent.length === 9);
    for (const one of sent.slice(-2)) one.succeed();
    expect(await Promise.all(second)).toEqual([reply, reply, reply]);
  });

  test('who waits for a probe may be called back', async () => {
    const { sent, clock, ask, fallSilent } = setUp();
    await fallSilent();
    clock.now = 1_000;
    void ask();
    const left = new AbortController();
    const waiting = ask(left.signal);
    left.abort(new Error('called back'));
    await expect(waiting).rejects.toThrow('called back');
    expect(sent).toHaveLength(6);
  });

  test('waits longer with each probe that fails, up to 30 s', async () => {
    const { sent, clock, ask, askAndFail, fallSilent } = setUp();
    await fallSilent();
    for (const pause of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      clock.now += pause - 1;
      const before = sent.length;
      await expect(ask()).rejects.toThrow('not asked just now');
      expect(sent).toHaveLength(before);
      clock.now += 1;
      await askAndFail();
    }
  });

  test('an answer of any kind shows that it lives: a refusal, a rate limit', async () => {
    const { sent, askAndFail } = setUp();
    for (const code of ['rate_limited', 'provider_rejected', 'unauthenticated'] as const) {
      for (let i = 0; i < 4; i += 1) await askAndFail();
      await askAndFail(code);
    }
    expect(sent).toHaveLength(15);
  });

  test('requests that were under way when it opened neither count nor stand for the probe', async () => {
    const { sent, clock, ask } = setUp();
    const asked = Array.from({ length: 20 }, () => ask().catch(() => undefined));
    for (const one of sent) one.fail(failure('provider_unavailable'));
    await Promise.all(asked);
    clock.now = 1_000;
    void ask();
    expect(sent).toHaveLength(21);
  });

  test('a probe that is called back leaves the next one free', async () => {
    const { sent, clock, ask, fallSilent } = setUp();
    await fallSilent();
    clock.now = 1_000;
    const left = new AbortController();
    const probe = ask(left.signal);
    left.abort();
    sent.at(-1)?.fail(new Error('aborted'));
    await expect(probe).rejects.toThrow('aborted');
    void ask();
    expect(sent).toHaveLength(7);
  });
});

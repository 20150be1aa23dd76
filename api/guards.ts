import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { SwarmError } from '../domain/errors.js';
import { problem } from './problem.js';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1', '[::1]']);
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_DEPTH = 64;

/** Refuses to bind anywhere but to this machine: there is no authentication yet. */
export const assertLoopback = (host: string): void => {
  if (!LOOPBACK.has(host))
    throw new SwarmError({
      code: 'forbidden',
      message: `The API does not bind to ${host}.`,
      why: 'It has no authentication yet, so only this machine may reach it.',
      fix: 'Use 127.0.0.1, and a tunnel where another machine must reach it.',
    });
};

const hostOf = (value: string): string => value.replace(/^https?:\/\//, '').replace(/:\d+$/, '');

/** A page of another site must not reach us through the user's browser: foreign `Host` (DNS rebinding) and `Origin` are refused. */
export const onlyLocal: MiddlewareHandler = async (c, next) => {
  const host = c.req.header('host');
  const origin = c.req.header('origin');
  const foreign = [host, origin].find((value) => value !== undefined && !LOOPBACK.has(hostOf(value)));
  if (foreign === undefined) return next();
  return problem(
    c,
    new SwarmError({
      code: 'forbidden',
      message: 'This API answers requests of this machine only.',
      why: `The request names ${foreign.slice(0, 100)}.`,
      fix: 'Call it as 127.0.0.1.',
    }),
  );
};

export const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) =>
    problem(
      c,
      new SwarmError({
        code: 'limit_exceeded',
        message: 'The body is too large.',
        why: `At most ${MAX_BODY_BYTES} bytes are read.`,
        fix: 'Send a shorter objective or fewer tasks.',
      }),
    ),
});

/** JSON by type, well-formed and not nested too deep, before any schema sees it; an empty body counts as `{}`. */
export const readableJson: MiddlewareHandler = async (c, next) => {
  if (c.req.method !== 'POST') return next();
  const refuse = (message: string, why: string, status?: 415): Response =>
    problem(c, new SwarmError({ code: 'invalid_input', message, why, fix: 'Send one JSON object with Content-Type: application/json.' }), status ? { status } : {});
  const text = await c.req.text();
  if (text.trim() === '') return next();
  if (!/^application\/(json|[\w.+-]+\+json)\b/i.test(c.req.header('content-type') ?? '')) return refuse('The body is not JSON.', 'Its Content-Type is another one.', 415);
  if (tooDeep(text)) return refuse('The JSON is nested too deep.', `At most ${MAX_DEPTH} levels are read.`);
  try {
    JSON.parse(text);
  } catch (error) {
    return refuse('The body is not valid JSON.', error instanceof Error ? error.message : '');
  }
  return next();
};

/** Counts open brackets outside strings; JSON.parse itself would recurse. */
const tooDeep = (text: string): boolean => {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/gs)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
};

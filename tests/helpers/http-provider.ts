import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isContractName } from '../../domain/contracts.js';
import { answerFor } from './fake-model.js';

/** What a provider may do instead of answering. */
export const FAULTS = ['rate-limit', 'error-500', 'overloaded-529', 'reset', 'cut', 'bad-json', 'wrong-schema', 'empty', 'huge', 'hang', 'payment-402'] as const;
export type Fault = (typeof FAULTS)[number];

export interface ProviderCall {
  readonly key: string;
  /** Whole bodies flushed to the client. */
  answered: number;
  requests: number;
  /** Ms since 1970 of each request. */
  readonly at: number[];
  /** Ms since 1970 of each whole answer. */
  readonly answeredAt: number[];
  readonly faults: Fault[];
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface HttpProvider {
  readonly url: string;
  readonly calls: ReadonlyMap<string, ProviderCall>;
  /** Requests being answered right now. */
  inFlight(): number;
  answered(): number;
  /** Ms since 1970 of the last whole answer; 0 before the first. */
  lastAnswerAt(): number;
  /** Resolves when the next request of a key that was never requested before arrives. */
  nextNewCall(): Promise<void>;
  close(): Promise<void>;
}

export interface HttpProviderOptions {
  /** `nth` counts requests of that key from 1. */
  readonly latencyMs?: (key: string, nth: number) => number;
  /** The fault of one request, or null for a whole answer; `nth` counts requests of that key from 1. */
  readonly fault?: (key: string, nth: number) => Fault | null;
  /** The answer to a key instead of the smallest one its contract accepts. */
  readonly answer?: (contract: string, key: string) => string;
}

/** The answer to a key: the text says which call it answers, so that a mix-up or a cut shows. */
export const answerOf = (contract: string, key: string): string => (isContractName(contract) ? JSON.stringify(answerFor(contract, key)) : '{}');

/** An OpenAI-compatible server that counts by `Idempotency-Key`: the outside ledger of the chaos tests. */
export const startHttpProvider = async ({ latencyMs = () => 20, fault = () => null, answer = answerOf }: HttpProviderOptions = {}): Promise<HttpProvider> => {
  const calls = new Map<string, ProviderCall>();
  const arrivals = new Set<() => void>();
  let inFlight = 0;
  let lastAnswerAt = 0;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const key = String(request.headers['idempotency-key'] ?? '');
    const call: ProviderCall = calls.get(key) ?? { key, answered: 0, requests: 0, at: [], answeredAt: [], faults: [], headers: request.headers, body };
    calls.set(key, call);
    call.requests += 1;
    call.at.push(Date.now());
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
    });
    if (call.requests === 1) {
      for (const arrived of arrivals) arrived();
      arrivals.clear();
    }
    const contract = (JSON.parse(body) as { response_format?: { json_schema?: { name?: string } } }).response_format?.json_schema?.name?.replaceAll('_', '-') ?? '';
    const wanted = fault(key, call.requests);
    if (wanted) call.faults.push(wanted);
    const onAnswered = (): void => {
      call.answered += 1;
      lastAnswerAt = Date.now();
      call.answeredAt.push(lastAnswerAt);
    };
    setTimeout(() => reply(response, wanted, answer(contract, key), onAnswered), latencyMs(key, call.requests));
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    inFlight: () => inFlight,
    answered: () => [...calls.values()].reduce((sum, { answered }) => sum + answered, 0),
    lastAnswerAt: () => lastAnswerAt,
    nextNewCall: () => new Promise((resolve) => arrivals.add(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const completion = (content: string): string =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'x',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
  });

const json = { 'content-type': 'application/json' };

const reply = (response: ServerResponse, fault: Fault | null, answer: string, onAnswered: () => void): void => {
  const error = (status: number, headers: Record<string, string> = {}): void =>
    void response.writeHead(status, { ...json, ...headers }).end('{"error":{"type":"scripted","message":"scripted"}}');
  const whole = completion(answer);
  switch (fault) {
    case null:
      // Counted only when the last byte has left for a client that is still there.
      response.writeHead(200, json).end(whole, () => (response.destroyed && !response.writableFinished ? undefined : onAnswered()));
      return;
    case 'rate-limit':
      return error(429, { 'retry-after-ms': '200' });
    case 'error-500':
      return error(500);
    case 'overloaded-529':
      return error(529);
    case 'payment-402':
      return error(402);
    case 'hang':
      return;
    case 'reset':
      response.socket?.destroy();
      return;
    case 'cut':
      response.writeHead(200, { ...json, 'content-length': String(Buffer.byteLength(whole)) });
      response.write(whole.slice(0, whole.length / 2), () => response.socket?.destroy());
      return;
    case 'bad-json':
      response.writeHead(200, json).end(whole.slice(0, whole.length / 2));
      return;
    case 'wrong-schema':
      response.writeHead(200, json).end(completion('{"unexpected":true}'));
      return;
    case 'empty':
      response.writeHead(200, json).end(completion(''));
      return;
    case 'huge':
      response.writeHead(200, json).end(completion('x'.repeat(5 * 1024 * 1024)));
  }
};

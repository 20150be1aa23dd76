import { serve } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { HTTPException } from 'hono/http-exception';
import { SwarmError } from '../domain/errors.js';
import { SWARMS_QUEUE } from '../domain/names.js';
import { isEnded } from '../domain/swarm-state.js';
import type { Swarms } from '../temporal/port.js';
import { assertLoopback, limitBody, onlyLocal, readableJson } from './guards.js';
import { invalid, problem } from './problem.js';
import {
  answerRoute,
  budgetRoute,
  cancelRoute,
  eventsRoute,
  figuresRoute,
  healthRoute,
  listRoute,
  pauseRoute,
  readyRoute,
  resultRoute,
  resumeRoute,
  scaleRoute,
  showRoute,
  startRoute,
  steerRoute,
  stopScalingRoute,
  switchRoute,
  tasksRoute,
  wantedRoute,
} from './routes.js';

export interface ApiDeps {
  readonly swarms: Swarms;
  readonly version: string;
}

const MAX_WAIT_MS = 60_000;
const KEEP_ALIVE_MS = 15_000;

/** The REST edge: parses, calls the façade, renders; holds no state, so any number of them may run. */
export const createApi = ({ swarms, version }: ApiDeps): OpenAPIHono => {
  const app = new OpenAPIHono({ defaultHook: (result, c) => (result.success ? undefined : invalid(c, result.error)) });
  app.use(onlyLocal, limitBody, readableJson);
  app.onError((error, c) => problem(c, error instanceof HTTPException ? unreadable(error) : error));

  app.openapi(startRoute, async (c) => {
    const { 'idempotency-key': idempotencyKey, traceparent } = c.req.valid('header');
    const traceId = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent ?? '')?.[1];
    const { swarmId, temporalUi } = await swarms.start(c.req.valid('json'), {
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(traceId === undefined ? {} : { traceId }),
    });
    return c.json({ swarmId, temporalUi }, 202, { Location: `/v1/swarms/${swarmId}` });
  });
  app.openapi(listRoute, async (c) => {
    const { limit, cursor, status } = c.req.valid('query');
    return c.json(copy(await swarms.list({ limit, ...(cursor === undefined ? {} : { cursor }), ...(status === undefined ? {} : { status }) })), 200);
  });
  app.openapi(showRoute, async (c) => c.json(copy(await swarms.show(c.req.valid('param').id)), 200));
  app.openapi(figuresRoute, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(copy({ swarmId: id, figures: await swarms.figures(id) }), 200);
  });
  app.openapi(resultRoute, async (c) => {
    const { id } = c.req.valid('param');
    const wait = Math.min(c.req.valid('query').wait ?? 0, MAX_WAIT_MS);
    const { status } = wait > 0 ? await swarms.wait(id, wait, c.req.raw.signal) : await swarms.show(id);
    if (!isEnded(status)) return c.json({ swarmId: id, status, result: null }, 202);
    return c.json({ swarmId: id, status, result: await resultOrNull(swarms, id) }, 200);
  });
  app.openapi(eventsRoute, async (c) => {
    const { id } = c.req.valid('param');
    const afterSeq = Number(c.req.valid('header')['last-event-id'] ?? c.req.valid('query').after ?? 0);
    // An unknown swarm is a 404, not an empty stream.
    await swarms.show(id);
    return streamSSE(c, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const alive = setInterval(() => void stream.write(': alive\n\n'), KEEP_ALIVE_MS);
      try {
        for await (const event of swarms.events(id, { afterSeq, follow: true, signal: gone.signal }))
          await stream.writeSSE({ id: String(event.seq), event: event.type, data: JSON.stringify(event) });
      } catch (error) {
        if (!gone.signal.aborted) throw error;
      } finally {
        clearInterval(alive);
      }
    });
  });
  for (const [route, deliver] of [
    [cancelRoute, swarms.cancel],
    [pauseRoute, swarms.pause],
    [resumeRoute, swarms.resume],
  ] as const)
    app.openapi(route, async (c) => {
      const { id } = c.req.valid('param');
      await deliver(id);
      return c.json({ swarmId: id }, 202);
    });
  app.openapi(steerRoute, async (c) => {
    const { id } = c.req.valid('param');
    await swarms.steer(id, c.req.valid('json').text);
    return c.json({ swarmId: id }, 202);
  });
  app.openapi(tasksRoute, async (c) => {
    const { id } = c.req.valid('param');
    return c.json({ swarmId: id, tasks: await swarms.addTasks(id, c.req.valid('json')) }, 202);
  });
  app.openapi(budgetRoute, async (c) => {
    const { id } = c.req.valid('param');
    await swarms.raiseBudget(id, c.req.valid('json'));
    return c.json({ swarmId: id }, 202);
  });
  app.openapi(answerRoute, async (c) => {
    const { id } = c.req.valid('param');
    await swarms.answer(id, c.req.valid('json'));
    return c.json({ swarmId: id }, 202);
  });
  app.openapi(switchRoute, async (c) => {
    const { id } = c.req.valid('param');
    await swarms.switchTopology(id, c.req.valid('json').topology);
    return c.json({ swarmId: id }, 202);
  });
  app.openapi(wantedRoute, async (c) => c.json(await swarms.wantedWorkers(c.req.valid('param').queue), 200));
  app.openapi(scaleRoute, async (c) => {
    const { queue } = c.req.valid('param');
    await swarms.scale(queue, c.req.valid('json'));
    return c.json({ queue }, 202);
  });
  app.openapi(stopScalingRoute, async (c) => {
    const { queue } = c.req.valid('param');
    await swarms.stopScaling(queue);
    return c.json({ queue }, 202);
  });
  app.openapi(healthRoute, (c) => c.json({ status: 'ok' as const }, 200));
  app.openapi(readyRoute, async (c) => {
    const readiness = await swarms.readiness([SWARMS_QUEUE]);
    const isReady = readiness.temporal && Object.values(readiness.queues).every(Boolean);
    return c.json(copy({ ready: isReady, ...readiness }), isReady ? 200 : 503);
  });
  app.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'durable-swarm', version } });
  app.notFound((c) => notFound(app, c));
  return app;
};

/** What the framework refuses before a schema sees it, such as no body where one is needed. */
const unreadable = ({ message }: HTTPException): SwarmError =>
  new SwarmError({ code: 'invalid_input', message: 'The request can not be read.', why: message, fix: 'Send one JSON object with Content-Type: application/json.' });

/** The façade's records are read-only; the framework's types want their own copy. */
const copy = <T>(value: T): Mutable<T> => value as Mutable<T>;
type Mutable<T> = T extends (...args: never[]) => unknown ? T : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

const resultOrNull = async (swarms: Swarms, id: string): Promise<string | null> => {
  try {
    return await swarms.result(id);
  } catch (error) {
    if (error instanceof SwarmError && error.code === 'not_found') return null;
    throw error;
  }
};

/** 405 with `Allow` where the path exists for another method, else 404. */
const notFound = (app: OpenAPIHono, c: Parameters<Parameters<OpenAPIHono['notFound']>[0]>[0]): Response => {
  const pathOf = (route: string): RegExp => new RegExp(`^${route.replace(/:[^/]+/g, '[^/]+')}$`);
  const allowed = [...new Set(app.routes.filter(({ method, path }) => method !== 'ALL' && pathOf(path).test(c.req.path)).map(({ method }) => method))];
  if (allowed.length === 0)
    return problem(
      c,
      new SwarmError({
        code: 'not_found',
        message: 'There is no such route.',
        why: `${c.req.method} ${c.req.path.slice(0, 200)} is not part of this API.`,
        fix: 'See /openapi.json.',
      }),
    );
  c.header('Allow', allowed.join(', '));
  return problem(
    c,
    new SwarmError({ code: 'invalid_input', message: `This route does not take ${c.req.method}.`, why: `It takes ${allowed.join(', ')}.`, fix: 'See /openapi.json.' }),
    { status: 405 },
  );
};

export interface ServeRequest {
  readonly app: OpenAPIHono;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

export interface ServedApi {
  readonly url: string;
  /** Stops accepting and drains, at most 10 s. */
  close(): Promise<void>;
}

/** Serves the API on this machine; throws `conflict` when the port is taken and `forbidden` for any other address. */
export const serveApi = ({ app, host, port }: ServeRequest): Promise<ServedApi> => {
  assertLoopback(host);
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, (info) => {
      resolve({
        url: `http://${host.includes(':') ? `[${host}]` : host}:${info.port}`,
        close: () =>
          new Promise((done) => {
            const late = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), DRAIN_MS);
            server.close(() => {
              clearTimeout(late);
              done();
            });
            if ('closeIdleConnections' in server) server.closeIdleConnections();
          }),
      });
    });
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new SwarmError({
              code: 'conflict',
              message: `Port ${port} is taken.`,
              why: 'Another process listens there.',
              fix: 'Set CF_API_PORT or --port to another one.',
              cause: error,
            })
          : error,
      ),
    );
  });
};

const DRAIN_MS = 5_000;

import { createRoute, z } from '@hono/zod-openapi';
import {
  addCommand,
  answerCommand,
  budgetCommand,
  listCommand,
  queueName,
  scaleCommand,
  startCommand,
  steerCommand,
  swarmId,
  switchCommand,
  duration,
} from '../temporal/commands.js';
import { accepted, added, figures, outcome, page, problemDocument, ready, scaling, started, swarm, wanted } from './schemas.js';

/** Every route, from the same schemas that parse the requests; the OpenAPI document is made of these. */

const json = <T extends z.ZodType>(schema: T, description: string) => ({ content: { 'application/json': { schema } }, description });
const failures = {
  default: { content: { 'application/problem+json': { schema: problemDocument } }, description: 'A problem (RFC 9457).' },
};
const params = z.object({ id: swarmId });

export const startRoute = createRoute({
  method: 'post',
  path: '/v1/swarms',
  summary: 'Start a swarm',
  request: {
    headers: z.object({ 'idempotency-key': z.string().min(1).max(255).optional(), traceparent: z.string().max(200).optional() }),
    body: { required: true, content: { 'application/json': { schema: startCommand.openapi('StartSwarm') } } },
  },
  responses: { 202: json(started, 'Started; durable from now on.'), ...failures },
});

export const listRoute = createRoute({
  method: 'get',
  path: '/v1/swarms',
  summary: 'List swarms, newest first',
  request: { query: listCommand },
  responses: { 200: json(page, 'One page.'), ...failures },
});

export const showRoute = createRoute({
  method: 'get',
  path: '/v1/swarms/{id}',
  summary: 'Show a swarm',
  request: { params },
  responses: { 200: json(swarm, 'The swarm.'), ...failures },
});

export const figuresRoute = createRoute({
  method: 'get',
  path: '/v1/swarms/{id}/figures',
  summary: 'Show every figure of a swarm with the events it comes from',
  request: { params },
  responses: { 200: json(figures, 'The figures, counted again from the events.'), ...failures },
});

export const resultRoute = createRoute({
  method: 'get',
  path: '/v1/swarms/{id}/result',
  summary: 'Wait for the result',
  request: { params, query: z.strictObject({ wait: duration.optional() }) },
  responses: { 200: json(outcome, 'The swarm has ended.'), 202: json(outcome, 'It still runs.'), ...failures },
});

export const eventsRoute = createRoute({
  method: 'get',
  path: '/v1/swarms/{id}/events',
  summary: 'Follow the events (server-sent events)',
  request: {
    params,
    headers: z.object({
      'last-event-id': z
        .string()
        .regex(/^\d{1,15}$/)
        .optional(),
    }),
    query: z.strictObject({ after: z.coerce.number().int().min(0).optional() }),
  },
  responses: { 200: { content: { 'text/event-stream': { schema: z.string() } }, description: 'One event a message; its id is seq.' }, ...failures },
});

const messageRoute = (verb: 'cancel' | 'pause' | 'resume', summary: string) =>
  createRoute({ method: 'post', path: `/v1/swarms/{id}/${verb}` as const, summary, request: { params }, responses: { 202: json(accepted, 'Delivered.'), ...failures } });

export const cancelRoute = messageRoute('cancel', 'Cancel a swarm');
export const pauseRoute = messageRoute('pause', 'Start nothing new');
export const resumeRoute = messageRoute('resume', 'Go on after a pause');

export const steerRoute = createRoute({
  method: 'post',
  path: '/v1/swarms/{id}/steer',
  summary: 'Guide the tasks that start from now on',
  request: { params, body: { required: true, content: { 'application/json': { schema: steerCommand } } } },
  responses: { 202: json(accepted, 'Taken.'), ...failures },
});

export const tasksRoute = createRoute({
  method: 'post',
  path: '/v1/swarms/{id}/tasks',
  summary: 'Add tasks to a running swarm',
  request: { params, body: { required: true, content: { 'application/json': { schema: addCommand } } } },
  responses: { 202: json(added, 'Taken.'), ...failures },
});

export const budgetRoute = createRoute({
  method: 'post',
  path: '/v1/swarms/{id}/budget',
  summary: 'Raise the budget of a running swarm',
  request: { params, body: { required: true, content: { 'application/json': { schema: budgetCommand } } } },
  responses: { 202: json(accepted, 'In force.'), ...failures },
});

export const answerRoute = createRoute({
  method: 'post',
  path: '/v1/swarms/{id}/answer',
  summary: 'Decide what becomes of a task that failed and asks',
  request: { params, body: { required: true, content: { 'application/json': { schema: answerCommand } } } },
  responses: { 202: json(accepted, 'Taken.'), ...failures },
});

export const switchRoute = createRoute({
  method: 'post',
  path: '/v1/swarms/{id}/switch',
  summary: 'Move a running swarm to another topology',
  request: { params, body: { required: true, content: { 'application/json': { schema: switchCommand } } } },
  responses: { 202: json(accepted, 'Taken; done at the next safe point.'), ...failures },
});

const queueParams = z.object({ queue: queueName });

export const wantedRoute = createRoute({
  method: 'get',
  path: '/v1/scaling/{queue}',
  summary: 'How many workers a task queue should have',
  request: { params: queueParams },
  responses: { 200: json(wanted, 'What its scaler says.'), ...failures },
});

export const scaleRoute = createRoute({
  method: 'post',
  path: '/v1/scaling/{queue}',
  summary: 'Start the scaler of a task queue, or give it other limits',
  request: { params: queueParams, body: { required: true, content: { 'application/json': { schema: scaleCommand } } } },
  responses: { 202: json(scaling, 'In force.'), ...failures },
});

export const stopScalingRoute = createRoute({
  method: 'post',
  path: '/v1/scaling/{queue}/stop',
  summary: 'End the scaler of a task queue',
  request: { params: queueParams },
  responses: { 202: json(scaling, 'Ended, or it did not run.'), ...failures },
});

export const healthRoute = createRoute({
  method: 'get',
  path: '/health',
  summary: 'The process is alive',
  responses: { 200: json(z.object({ status: z.literal('ok') }), 'Alive.') },
});
export const readyRoute = createRoute({
  method: 'get',
  path: '/ready',
  summary: 'Temporal answers and a worker polls',
  responses: { 200: json(ready, 'Ready.'), 503: json(ready, 'Not ready; says what is missing.') },
});

import { JUDGEMENTS } from '../domain/ballot.js';
import { z } from '@hono/zod-openapi';
import { EFFECT_STATUSES } from '../domain/effects.js';
import { ERROR_CODES } from '../domain/errors.js';
import { SWARM_STATUSES } from '../domain/swarm-state.js';
import { VOTE_FORMS } from '../domain/tally.js';
import { TASK_STATUSES } from '../domain/task-graph.js';

/** Shapes of the answers, for the OpenAPI document; the façade's types are what is sent. */

const nullable = <T extends z.ZodType>(type: T) => type.nullable();

export const problemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    code: z.enum(ERROR_CODES),
    why: z.string(),
    fix: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem');

export const started = z.object({ swarmId: z.string(), temporalUi: nullable(z.string()) }).openapi('Started');
export const added = z.object({ swarmId: z.string(), tasks: z.number() }).openapi('Added');
export const accepted = z.object({ swarmId: z.string() }).openapi('Accepted');

const task = z.object({
  id: z.string(),
  title: z.string(),
  role: nullable(z.string()),
  status: z.enum(TASK_STATUSES),
  disputed: z.boolean(),
  dependsOn: z.array(z.string()),
  attempts: z.number(),
  agentId: nullable(z.string()),
  output: nullable(z.string()),
  outputHash: nullable(z.string()),
  failure: nullable(z.string()),
});

const vote = z.object({
  id: z.string(),
  proposal: z.string(),
  form: z.enum(VOTE_FORMS),
  options: z.array(z.string()),
  electorate: z.number(),
  quorum: z.number(),
  faultsTolerated: z.number(),
  status: z.enum(['open', 'decided', 'no_quorum']),
  decided: nullable(z.string()),
  round: z.number(),
  path: z.array(z.object({ round: z.number(), why: z.string() })),
  ballots: z.array(
    z.object({ voter: z.string(), round: z.number(), value: z.string(), weight: z.number(), counted: z.boolean(), why: nullable(z.string()), text: nullable(z.string()) }),
  ),
  asks: z.boolean(),
  judged: nullable(z.enum(JUDGEMENTS)),
  recount: z.object({ decided: nullable(z.string()), agrees: z.boolean() }),
});

export const swarm = z
  .object({
    swarmId: z.string(),
    status: z.enum(SWARM_STATUSES),
    topology: z.string(),
    objective: z.string(),
    model: z.string(),
    modelReason: z.string(),
    simulated: z.boolean(),
    result: nullable(z.string()),
    resultHash: nullable(z.string()),
    tasks: z.array(task),
    disputed: z.boolean(),
    votes: z.array(vote),
    workspace: nullable(z.object({ folder: z.string(), repository: z.string(), root: z.string(), prefix: z.string(), branch: z.string(), base: z.string() })),
    effects: z.array(z.object({ key: z.string(), taskId: z.string(), status: z.enum(EFFECT_STATUSES), files: z.array(z.string()), commit: nullable(z.string()) })),
    usage: z.object({ modelCalls: z.number(), inputTokens: z.number(), outputTokens: z.number(), costUsd: nullable(z.number()) }),
    budget: z.object({ tokens: nullable(z.number()), usd: nullable(z.number()), calls: nullable(z.number()) }),
    criticalPath: z.object({ tasks: z.array(z.string()), durationMs: z.number() }),
    startedAt: z.string(),
    endedAt: nullable(z.string()),
    durationMs: z.number(),
    failure: nullable(z.object({ code: z.enum(ERROR_CODES), message: z.string(), why: z.string(), fix: z.string() })),
    temporalUi: nullable(z.string()),
    phase: z.string(),
    traceId: z.string(),
    lastSeq: z.number(),
    source: z.enum(['history', 'archive']),
  })
  .openapi('Swarm');

export const page = z
  .object({
    swarms: z.array(
      z.object({
        swarmId: z.string(),
        status: z.enum(SWARM_STATUSES),
        topology: z.string(),
        objective: z.string(),
        model: z.string(),
        simulated: z.boolean(),
        startedAt: z.string(),
        endedAt: nullable(z.string()),
        source: z.enum(['history', 'archive']),
      }),
    ),
    nextCursor: nullable(z.string()),
  })
  .openapi('Page');

export const figures = z
  .object({
    swarmId: z.string(),
    figures: z.array(z.object({ name: z.string(), shown: nullable(z.number()), recounted: nullable(z.number()), agrees: z.boolean(), events: z.array(z.number().int()) })),
  })
  .openapi('Figures');

export const outcome = z.object({ swarmId: z.string(), status: z.enum(SWARM_STATUSES), result: nullable(z.string()) }).openapi('Outcome');
export const ready = z.object({ ready: z.boolean(), temporal: z.boolean(), serverVersion: nullable(z.string()), queues: z.record(z.string(), z.boolean()) }).openapi('Readiness');

/** What the scaler of a task queue says. */
export const wanted = z.object({
  queue: z.string(),
  wanted: z.number().int(),
  waiting: z.number().int(),
  oldestMs: z.number(),
  reason: z.string(),
  at: z.string().nullable(),
});
export const scaling = z.object({ queue: z.string() });

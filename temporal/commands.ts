import { z } from 'zod';
import { JUDGEMENTS } from '../domain/ballot.js';
import { CONTRACT_NAMES } from '../domain/contracts.js';
import { DURATION, durationMs } from '../domain/duration.js';
import { LIMITS } from '../domain/limits.js';
import { REGION_NAME, SWARM_ID, TOPOLOGIES } from '../domain/names.js';
import { ALLOCATIONS, UNDECIDED, VOTE_SCOPES } from '../domain/swarm-input.js';
import { VOTE_FORMS } from '../domain/tally.js';
import { DECISIONS, ON_FAILURE, TASK_ID } from '../domain/task-graph.js';

/** `90s`, `15m`, `2h`, `3d` or plain milliseconds, as milliseconds. */
export const duration = z
  .union([z.number().int().positive(), z.string().regex(DURATION, 'a duration such as 90s, 15m, 2h or 3d')])
  .transform((value) => (typeof value === 'number' ? value : (durationMs(value) ?? 0)))
  .pipe(
    z
      .number()
      .int()
      .positive()
      .max(365 * 86_400_000),
  );

const byteLength = (text: string): number => new TextEncoder().encode(text).length;
/** Control characters other than tab, line feed and carriage return; the replacement character of a failed decoding; lone surrogates. */
const BINARY = /(?![\t\n\r])[\p{Cc}\p{Cs}\ufffd]/u;

const plainText = (name: string, maxBytes: number) =>
  z
    .string()
    .refine((text) => text.trim() !== '', `${name} is empty`)
    .refine((text) => byteLength(text) <= maxBytes, `${name} is larger than ${maxBytes} bytes`)
    .refine((text) => !BINARY.test(text), `${name} holds binary data or control characters`);

export const taskSpec = z.strictObject({
  id: z.string().regex(TASK_ID, 'letters, digits and . _ - only, at most 64'),
  title: plainText('title', LIMITS.taskTitleBytes),
  role: z.string().min(1).max(50).optional(),
  dependsOn: z.array(z.string()).max(LIMITS.tasks).optional(),
  priority: z.number().int().min(1).max(5).optional(),
  timeout: duration.optional(),
  output: z.enum(CONTRACT_NAMES).optional(),
  retries: z.number().int().min(0).max(10).optional(),
  onFailure: z.enum(ON_FAILURE).optional(),
});
export type TaskCommand = z.output<typeof taskSpec>;

const regionName = z.string().regex(REGION_NAME, 'small letters, digits and hyphens, at most 32');
/** One region: its name, or with a model of its own and the relative price of a call there. */
export const regionSpec = z.union([
  regionName.transform((name) => ({ name, cost: 1 })),
  z.strictObject({ name: regionName, model: z.string().min(3).max(200).optional(), cost: z.number().positive().max(1_000).default(1) }),
]);
export type RegionCommand = z.output<typeof regionSpec>;

/** The topology that leaves the choice to the topology-advisor. */
export const AUTO = 'auto';

/** `cf run`, `POST /v1/swarms` and `swarm_start`: the flags in camelCase. */
export const startCommand = z.strictObject({
  objective: plainText('objective', LIMITS.objectiveBytes),
  topology: z.enum([...TOPOLOGIES, AUTO]).default('queen'),
  maxAgents: z.number().int().min(1).max(LIMITS.agentsInFlight).default(8),
  agents: z.array(z.string().min(1).max(50)).min(1).max(LIMITS.rosterAgents).optional(),
  model: z.string().min(3).max(200).optional(),
  budgetUsd: z.number().positive().max(1_000_000).optional(),
  budgetTokens: z.number().int().positive().max(1e12).optional(),
  budgetCalls: z.number().int().positive().max(1e9).optional(),
  deadline: duration.optional(),
  strict: z.boolean().default(false),
  review: z.boolean().default(true),
  votes: z.enum(VOTE_SCOPES).optional(),
  voters: z.number().int().min(1).max(LIMITS.voters).default(4),
  voteRound: duration.optional(),
  undecided: z.enum(UNDECIDED).optional(),
  allocation: z.enum(ALLOCATIONS).optional(),
  elections: z.enum(VOTE_FORMS).optional(),
  peers: z.number().int().min(1).max(LIMITS.mostMeshPeers).optional(),
  regions: z
    .array(regionSpec)
    .min(1)
    .max(LIMITS.regions)
    .refine((regions) => new Set(regions.map(({ name }) => name)).size === regions.length, 'a region is named twice')
    .optional(),
  approve: z.enum(['never', 'writes', 'always']).default('never'),
  workspace: z.string().min(1).max(4096).optional(),
  tasks: z.array(taskSpec).min(1).max(LIMITS.tasks).optional(),
});
export type StartCommand = z.output<typeof startCommand>;
export type StartCommandInput = z.input<typeof startCommand>;

export const swarmId = z.string().regex(SWARM_ID, 'a swarm id such as swarm-01J…');
export const steerCommand = z.strictObject({ text: plainText('text', LIMITS.steerBytes) });
/** `cf add`, `POST …/tasks`: one task, or a list of them. */
export const addCommand = z.union([taskSpec.transform((task) => [task]), z.strictObject({ tasks: z.array(taskSpec).min(1).max(LIMITS.tasks) }).transform(({ tasks }) => tasks)]);
/** `cf switch`, `POST …/switch`. */
export const switchCommand = z.strictObject({ topology: z.enum(TOPOLOGIES) });
/** `cf answer`, `POST …/answer`. */
export const answerCommand = z.union([
  z.strictObject({ taskId: z.string().regex(TASK_ID, 'the id of a task'), decision: z.enum(DECISIONS) }),
  z.strictObject({ outcome: z.enum(JUDGEMENTS) }),
]);
export type AnswerCommand = z.output<typeof answerCommand>;
/** A task queue of this engine. */
export const queueName = z.string().regex(/^cf\.[a-z0-9][a-z0-9.-]{0,99}$/, 'a task queue such as cf.models.openai or cf.region.eu');
/** `POST /v1/scaling/{queue}`: how many workers, and when that changes. */
export const scaleCommand = z
  .strictObject({
    min: z.number().int().min(0).max(10_000).default(1),
    max: z.number().int().min(1).max(10_000),
    perWorker: z.number().min(1).max(100_000).default(10),
    patience: duration.default(2_000),
    quiet: duration.default(30_000),
  })
  .refine(({ min, max }) => min <= max, 'min is above max');
export type ScaleCommand = z.output<typeof scaleCommand>;
/** `cf budget`, `POST …/budget`. */
export const budgetCommand = z
  .strictObject({
    tokens: z.number().int().positive().max(1e12).optional(),
    usd: z.number().positive().max(1_000_000).optional(),
    calls: z.number().int().positive().max(1e9).optional(),
  })
  .refine((limits) => Object.values(limits).some((limit) => limit !== undefined), 'tokens, usd or calls is needed');
export type BudgetCommand = z.output<typeof budgetCommand>;
export const listCommand = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(4096).optional(),
  status: z.string().max(40).optional(),
});

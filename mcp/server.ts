import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { SWARM_STATUSES } from '../domain/swarm-state.js';
import { isEnded } from '../domain/swarm-state.js';
import { startCommand, swarmId } from '../temporal/commands.js';
import type { Swarms } from '../temporal/port.js';
import type { SwarmView } from '../temporal/views.js';
import { answer, failed } from './results.js';

export interface McpDeps {
  readonly swarms: Swarms;
  readonly version: string;
}

/** Clients give up on a call after a minute. */
const MAX_WAIT_S = 50;
const MAX_PAGE_CHARS = 50_000;

const status = z.enum(SWARM_STATUSES);
const task = z.object({ id: z.string(), title: z.string(), status: z.string(), agentId: z.string().nullable(), disputed: z.boolean() });
const summary = {
  swarmId: z.string(),
  status,
  ended: z.boolean(),
  model: z.string(),
  simulated: z.boolean(),
  tasks: z.array(task),
  failure: z.string().nullable(),
  temporalUi: z.string().nullable(),
};

const summaryOf = (view: SwarmView) => ({
  swarmId: view.swarmId,
  status: view.status,
  ended: isEnded(view.status),
  model: view.model,
  simulated: view.simulated,
  tasks: view.tasks.map(({ id, title, status, agentId, disputed }) => ({ id, title: title.slice(0, 200), status, agentId, disputed })),
  failure: view.failure?.message ?? null,
  temporalUi: view.temporalUi,
});

const line = (view: SwarmView): string => {
  const done = view.tasks.filter(({ status }) => status === 'succeeded').length;
  return `${view.swarmId} is ${view.status}: ${done} of ${view.tasks.length} tasks done${view.simulated ? ' (simulated model)' : ''}.`;
};

/** The MCP edge: few tools, `swarmId` is the handle in each, so that a client that died collects its result with a later one. */
export const createMcpServer = ({ swarms, version }: McpDeps): McpServer => {
  const server = new McpServer(
    { name: 'durable-swarm', version },
    { instructions: 'Start a swarm of agents on one objective with swarm_start, follow it with swarm_wait, read it with swarm_result. Swarms are durable: keep the swarmId.' },
  );
  const reads = { readOnlyHint: true, openWorldHint: false } as const;

  server.registerTool(
    'swarm_start',
    {
      title: 'Start a swarm',
      description: 'Starts agents on one objective and returns at once with the swarmId. The same idempotencyKey finds the same swarm.',
      inputSchema: {
        ...startCommand.pick({
          objective: true,
          maxAgents: true,
          agents: true,
          model: true,
          budgetTokens: true,
          budgetUsd: true,
          budgetCalls: true,
          deadline: true,
          strict: true,
          review: true,
          votes: true,
          topology: true,
        }).shape,
        deadline: z.string().optional().describe('Such as 30m or 2h.'),
        idempotencyKey: z.string().min(1).max(255).optional(),
      },
      outputSchema: { swarmId: z.string(), temporalUi: z.string().nullable(), created: z.boolean() },
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    },
    async ({ idempotencyKey, ...command }) => {
      try {
        const started = await swarms.start(startCommand.parse(command), idempotencyKey === undefined ? {} : { idempotencyKey });
        return answer(`Started ${started.swarmId}. Follow it with swarm_wait.`, started);
      } catch (error) {
        return failed(error);
      }
    },
  );

  server.registerTool(
    'swarm_status',
    {
      title: 'Show a swarm',
      description: 'Where a swarm is: its tasks, who does them, what failed.',
      inputSchema: { swarmId },
      outputSchema: summary,
      annotations: { ...reads, idempotentHint: true },
    },
    async ({ swarmId: id }) => {
      try {
        const view = await swarms.show(id);
        return answer(line(view), summaryOf(view));
      } catch (error) {
        return failed(error);
      }
    },
  );

  server.registerTool(
    'swarm_wait',
    {
      title: 'Wait for a swarm',
      description: 'Waits until the swarm has ended or the time is over, whichever is first; call it again while ended is false.',
      inputSchema: { swarmId, timeoutSeconds: z.number().int().min(1).max(MAX_WAIT_S).default(30) },
      outputSchema: summary,
      annotations: { ...reads, idempotentHint: true },
    },
    async ({ swarmId: id, timeoutSeconds }, { signal }) => {
      try {
        const view = await swarms.wait(id, timeoutSeconds * 1_000, signal);
        return answer(line(view), summaryOf(view));
      } catch (error) {
        return failed(error);
      }
    },
  );

  server.registerTool(
    'swarm_result',
    {
      title: 'Read a result',
      description: 'The result text of an ended swarm, or the output of one task. Long texts come in pages: call again with nextOffset.',
      inputSchema: {
        swarmId,
        taskId: z.string().max(64).optional(),
        offset: z.number().int().min(0).default(0),
        maxChars: z.number().int().min(1).max(MAX_PAGE_CHARS).default(20_000),
      },
      outputSchema: { swarmId: z.string(), text: z.string(), nextOffset: z.number().nullable(), totalChars: z.number() },
      annotations: { ...reads, idempotentHint: true },
    },
    async ({ swarmId: id, taskId, offset, maxChars }) => {
      try {
        const whole = taskId === undefined ? await swarms.result(id) : await swarms.output(id, taskId);
        const text = whole.slice(offset, offset + maxChars);
        return answer(text, { swarmId: id, text, nextOffset: offset + maxChars < whole.length ? offset + maxChars : null, totalChars: whole.length });
      } catch (error) {
        return failed(error);
      }
    },
  );

  server.registerTool(
    'swarm_list',
    {
      title: 'List swarms',
      description: 'Swarms, newest first; use it to find the swarmId of an earlier session.',
      inputSchema: { limit: z.number().int().min(1).max(50).default(10), status: status.optional(), cursor: z.string().max(4096).optional() },
      outputSchema: { swarms: z.array(z.object({ swarmId: z.string(), status, objective: z.string(), startedAt: z.string() })), nextCursor: z.string().nullable() },
      annotations: { ...reads, idempotentHint: true },
    },
    async ({ limit, status: wanted, cursor }) => {
      try {
        const found = await swarms.list({ limit, ...(wanted === undefined ? {} : { status: wanted }), ...(cursor === undefined ? {} : { cursor }) });
        const items = found.swarms.map(({ swarmId: id, status: is, objective, startedAt }) => ({ swarmId: id, status: is, objective: objective.slice(0, 200), startedAt }));
        return answer(items.map((item) => `${item.swarmId} ${item.status} ${item.objective.slice(0, 80)}`).join('\n') || 'No swarms.', {
          swarms: items,
          nextCursor: found.nextCursor,
        });
      } catch (error) {
        return failed(error);
      }
    },
  );

  server.registerTool(
    'swarm_cancel',
    {
      title: 'Cancel a swarm',
      description: 'Ends a running swarm; what its agents have done so far is kept.',
      inputSchema: { swarmId },
      outputSchema: { swarmId: z.string() },
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    },
    async ({ swarmId: id }) => {
      try {
        await swarms.cancel(id);
        return answer(`${id} is being cancelled.`, { swarmId: id });
      } catch (error) {
        return failed(error);
      }
    },
  );
  return server;
};

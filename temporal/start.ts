import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/client';
import { SwarmError } from '../domain/errors.js';
import type { ModelChoice } from '../domain/model-call.js';
import { SWARMS_QUEUE, WORKFLOWS } from '../domain/names.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import type { StartCommand } from './commands.js';
import { asSwarmError } from './failures.js';
import type { StartOptions } from './port.js';
import { attributesOf } from './search-attributes.js';
import { commandHash, idOfKey, newTraceId, snapshotOf } from './snapshot.js';
import type { SwarmsDeps } from './swarms.js';

interface StartDeps extends SwarmsDeps {
  readonly uiOf: (swarmId: string) => string | null;
  readonly newId: () => string;
}

interface Started {
  readonly swarmId: string;
  readonly temporalUi: string | null;
  readonly created: boolean;
}

/** Resolves the command and starts its workflow; durable once it returns, and once only for one idempotency key. */
export const startSwarm = async (deps: StartDeps, command: StartCommand, { idempotencyKey, traceId }: StartOptions = {}): Promise<Started> => {
  const swarmId = idempotencyKey === undefined ? deps.newId() : idOfKey(idempotencyKey);
  const hash = commandHash(command);
  // An answered key needs no model or catalogue: it must work when they have changed since.
  if (idempotencyKey !== undefined && (await sameRequest(deps, swarmId, hash))) return { swarmId, temporalUi: deps.uiOf(swarmId), created: false };
  const input = snapshotOf(command, {
    catalogue: await deps.catalogue(),
    model: await deps.chooseModel(command.model),
    regionModels: await regionModelsOf(deps, command),
    swarmId,
    traceId: traceId ?? newTraceId(),
    version: deps.version,
    now: Date.now(),
  });
  try {
    await deps.client.workflow.start(WORKFLOWS.swarm, { ...startOptions(input, hash), args: [input] });
    return { swarmId, temporalUi: deps.uiOf(swarmId), created: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw asSwarmError(error, swarmId);
    await sameRequest(deps, swarmId, hash);
    return { swarmId, temporalUi: deps.uiOf(swarmId), created: false };
  }
};

/** The models of regions that name one of their own. */
export const regionModelsOf = async ({ chooseModel }: Pick<SwarmsDeps, 'chooseModel'>, { regions = [] }: StartCommand): Promise<ReadonlyMap<string, ModelChoice>> =>
  new Map(
    await Promise.all(
      regions.flatMap((region) => ('model' in region && region.model !== undefined ? [chooseModel(region.model).then((model) => [region.name, model] as const)] : [])),
    ),
  );

const startOptions = (input: SwarmInput, commandHash: string) => ({
  workflowId: input.swarmId,
  taskQueue: SWARMS_QUEUE,
  workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
  // A worker killed inside a workflow task is noticed this soon.
  workflowTaskTimeout: '5 seconds' as const,
  typedSearchAttributes: attributesOf(input),
  memo: { objective: input.objective.slice(0, 500), commandHash, traceId: input.traceId, version: input.version },
  priority: { priorityKey: 3, fairnessKey: input.tenant },
  staticSummary: oneLine(input.objective, 200),
  staticDetails: `**${input.isAdvised === true ? 'advised' : input.topology}** swarm on \`${input.model.ref}\`${input.model.simulated ? ' (simulated)' : ''}: ${input.model.reason}\n\n${input.objective.slice(0, 4_000)}\n\ntrace \`${input.traceId}\` · up to ${input.maxAgents} agents · review ${input.review ? 'on' : 'off'}`,
});

/** True when that swarm exists and was started by the same command; another command under its key is refused. */
const sameRequest = async ({ client }: StartDeps, swarmId: string, hash: string): Promise<boolean> => {
  const found = await client.workflow
    .getHandle(swarmId)
    .describe()
    .catch((error: unknown) => asSwarmError(error, swarmId));
  if (found instanceof SwarmError) {
    if (found.code === 'not_found') return false;
    throw found;
  }
  if (found.memo?.['commandHash'] === hash) return true;
  throw new SwarmError({
    code: 'idempotency_mismatch',
    message: 'The idempotency key belongs to another request.',
    why: `It started ${swarmId} with other settings.`,
    fix: 'Use a new key, or repeat the first request unchanged.',
  });
};

const oneLine = (text: string, most: number): string => text.replace(/\s+/g, ' ').slice(0, most);

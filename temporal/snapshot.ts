import { createHash, randomBytes } from 'node:crypto';
import type { AgentDefinition } from '../domain/agent.js';
import { VOTE_DEFAULTS } from '../domain/ballot.js';
import { canonical } from '../domain/canonical.js';
import { SwarmError } from '../domain/errors.js';
import { LIMITS } from '../domain/limits.js';
import type { ModelChoice } from '../domain/model-call.js';
import type { SwarmInput, VotePolicy } from '../domain/swarm-input.js';
import { validateGraph, type TaskSpec } from '../domain/task-graph.js';
import { AUTO, type StartCommand, type TaskCommand } from './commands.js';

const refuse = (message: string, why: string, fix: string): never => {
  throw new SwarmError({ code: 'invalid_input', message, why, fix });
};

/** Roles that plan, review and merge; part of every roster, also of a restricted one. */
const ALWAYS = ['planner', 'reviewer', 'aggregator'];
const ADVISOR = 'topology-advisor';

/** The roles of one swarm: all of the catalogue, or those asked for plus the ones that run it. */
export const rosterOf = (catalogue: ReadonlyMap<string, AgentDefinition>, { agents, topology }: Pick<StartCommand, 'agents' | 'topology'>): readonly AgentDefinition[] => {
  const unknown = (agents ?? []).filter((name) => !catalogue.has(name));
  if (unknown.length > 0)
    refuse(
      `There is no role "${unknown.join('", "')}".`,
      `The catalogue has: ${[...catalogue.keys()].join(', ')}.`,
      'Name roles of `cf agents list`, or add a file to .cf/agents/.',
    );
  const isAdvised = topology === AUTO;
  if (isAdvised && !catalogue.has(ADVISOR)) refuse('No topology can be chosen.', `The catalogue has no role "${ADVISOR}".`, 'Name a topology.');
  const wanted = agents === undefined ? null : new Set([...agents, ...ALWAYS, ...(isAdvised ? [ADVISOR] : [])]);
  // Of use to a swarm that asks for it, and to nobody else.
  const isWanted = (name: string): boolean => (wanted === null ? name !== ADVISOR || isAdvised : wanted.has(name));
  return [...catalogue.values()].filter(({ name }) => isWanted(name)).slice(0, LIMITS.rosterAgents);
};

export interface SnapshotDeps {
  readonly catalogue: ReadonlyMap<string, AgentDefinition>;
  readonly model: ModelChoice;
  /** Models of the regions that name one of their own, by region. */
  readonly regionModels?: ReadonlyMap<string, ModelChoice>;
  readonly swarmId: string;
  readonly traceId: string;
  readonly version: string;
  /** Ms since 1970. */
  readonly now: number;
}

/** Resolves a command into the input of a swarm; throws `invalid_input` for whatever can't run. */
export const snapshotOf = (command: StartCommand, { catalogue, model, regionModels = new Map(), swarmId, traceId, version, now }: SnapshotDeps): SwarmInput => {
  if (command.approve !== 'never')
    refuse(
      `--approve ${command.approve} has nothing to approve.`,
      'Agents of this version have no tools. What they write stays on the branch of the swarm until you apply it.',
      'Leave --approve out.',
    );
  if (command.topology === 'queen' && command.maxAgents > LIMITS.inFlightPerWorkflow)
    refuse(
      `A queen has at most ${LIMITS.inFlightPerWorkflow} agents at work at once, not ${command.maxAgents}.`,
      'She is one workflow, and each operation costs the server more the more of them one workflow has open.',
      'Use --topology hierarchical, mesh or distributed, which spread them over workflows of their own, or a smaller --max-agents.',
    );
  if (command.allocation === 'elders' && command.topology !== 'queen' && command.topology !== AUTO)
    refuse(`There are no elders in a ${command.topology} swarm.`, 'Only a queen has her tasks allocated by a vote.', 'Leave --allocation out, or use --topology queen.');
  if (command.elections !== undefined && command.allocation !== 'elders')
    refuse('There are no elections in this swarm.', 'Nobody is elected to a task unless its elders allocate it.', 'Leave --elections out, or add --allocation elders.');
  const unpriced = [model, ...regionModels.values()].find(({ price }) => price === null);
  if (command.budgetUsd !== undefined && unpriced) refuse(`A budget in USD can't be kept with ${unpriced.ref}.`, 'Its price is not known.', 'Use --budget-tokens.');
  const roster = rosterOf(catalogue, command);
  const tasks = command.tasks?.map(toSpec) ?? null;
  const findings = tasks === null ? [] : validateGraph(tasks, { roles: new Set(roster.map(({ name }) => name)) });
  if (findings.length > 0) refuse('The tasks can not be run.', findings.map(({ message }) => message).join(' '), 'Mend the spec and start it again.');
  const input: SwarmInput = {
    swarmId,
    objective: command.objective,
    topology: command.topology === AUTO ? 'queen' : command.topology,
    ...(command.topology === AUTO ? { isAdvised: true } : {}),
    model,
    roster,
    tasks,
    maxAgents: command.maxAgents,
    review: command.review,
    strict: command.strict,
    votes: votesOf(command, model),
    ...(command.allocation === undefined ? {} : { allocation: command.allocation }),
    ...(command.allocation === 'elders' ? { elections: command.elections ?? 'approval' } : {}),
    ...(command.regions ? { regions: command.regions.map(({ name, cost }) => ({ name, cost, model: regionModels.get(name) ?? null })) } : {}),
    workspace: command.workspace ?? null,
    budget: {
      tokens: command.budgetTokens ?? null,
      microUsd: command.budgetUsd === undefined ? null : Math.round(command.budgetUsd * 1e6),
      calls: command.budgetCalls ?? null,
    },
    deadlineAt: command.deadline === undefined ? null : now + command.deadline,
    tenant: 'default',
    traceId,
    version,
    limits: {
      planTasks: model.provider === 'local' ? 4 : 12,
      historyEvents: LIMITS.historyEvents,
      ...(command.peers === undefined ? {} : { meshPeers: command.peers }),
    },
  };
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > LIMITS.inputBytes)
    throw new SwarmError({
      code: 'limit_exceeded',
      message: `The swarm's input has ${bytes} bytes.`,
      why: `At most ${LIMITS.inputBytes} fit into history.`,
      fix: 'Use fewer roles (--agents), shorter task titles or fewer tasks.',
    });
  return input;
};

/** The outcome is voted on unless told otherwise, or where it makes no sense: without reviews, and by the embedded model, whose votes would only block. */
const votesOf = ({ votes, voters, voteRound, review, undecided }: StartCommand, { provider }: ModelChoice): VotePolicy => ({
  on: votes ?? (review && provider !== 'local' ? 'outcome' : 'none'),
  voters,
  rounds: VOTE_DEFAULTS.rounds,
  roundMs: voteRound ?? (provider === 'local' ? LOCAL_ROUND_MS : VOTE_DEFAULTS.roundMs),
  ...(undecided === undefined ? {} : { undecided }),
});
/** The embedded model answers one voter after another. */
const LOCAL_ROUND_MS = 10 * 60_000;

export const toSpec = ({ id, title, role, dependsOn, priority, timeout, output, retries, onFailure }: TaskCommand): TaskSpec => ({
  id,
  title,
  ...(role === undefined ? {} : { role }),
  ...(dependsOn === undefined ? {} : { dependsOn }),
  ...(priority === undefined ? {} : { priority }),
  ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  ...(output === undefined ? {} : { output }),
  ...(retries === undefined ? {} : { retries }),
  ...(onFailure === undefined ? {} : { onFailure }),
});

/** Same key, same swarm: the id is derived from it. */
export const idOfKey = (key: string): string => `swarm-k${createHash('sha256').update(key).digest('hex').slice(0, 25)}`;

/** Tells one command from another under the same idempotency key, whatever the order of its keys. */
export const commandHash = (command: StartCommand): string => createHash('sha256').update(canonical(command)).digest('hex');

export const newTraceId = (): string => randomBytes(16).toString('hex');

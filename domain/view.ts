import { criticalPath, type CriticalPath } from './critical-path.js';
import type { EffectStatus, Workspace } from './effects.js';
import type { ErrorReport } from './errors.js';
import { roleOfAgent } from './selection.js';
import type { SwarmInput } from './swarm-input.js';
import { isEnded, type SwarmState, type SwarmStatus } from './swarm-state.js';
import type { TaskState } from './task-state.js';
import { isDone, type TaskStatus } from './task-graph.js';
import { voteViewOf, type VoteView } from './vote-view.js';

/** One task as every edge shows it (contract.md). */
export interface TaskView {
  readonly id: string;
  readonly title: string;
  readonly role: string | null;
  readonly status: TaskStatus;
  readonly disputed: boolean;
  readonly dependsOn: readonly string[];
  readonly attempts: number;
  readonly agentId: string | null;
  readonly output: string | null;
  readonly outputHash: string | null;
  readonly failure: string | null;
}

/** What one task changed in the workspace. */
export interface EffectView {
  readonly key: string;
  readonly taskId: string;
  readonly status: EffectStatus;
  readonly files: readonly string[];
  readonly commit: string | null;
}

/** `cf run --json`, `cf show --json`, `GET /v1/swarms/{id}` and `swarm_status` all return this document. */
export interface SwarmView {
  readonly swarmId: string;
  readonly status: SwarmStatus;
  readonly topology: string;
  readonly objective: string;
  readonly model: string;
  readonly modelReason: string;
  readonly simulated: boolean;
  /** Null until the swarm has one. */
  readonly result: string | null;
  /** Blob of the whole result: `result` is only its beginning where it is long. */
  readonly resultHash: string | null;
  readonly tasks: readonly TaskView[];
  /** The outcome was voted down and stands all the same. */
  readonly disputed: boolean;
  readonly votes: readonly VoteView[];
  /** The branch it writes on, in the repository that holds it; null without a workspace. */
  readonly workspace: Workspace | null;
  readonly effects: readonly EffectView[];
  /** USD, not micro-USD; null = unknown. */
  readonly usage: { readonly modelCalls: number; readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number | null };
  /** Null = no limit; `calls` are those a model answered. */
  readonly budget: { readonly tokens: number | null; readonly usd: number | null; readonly calls: number | null };
  /** The chain of dependent tasks that took longest so far. */
  readonly criticalPath: CriticalPath;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly durationMs: number;
  readonly failure: ErrorReport | null;
  readonly temporalUi: string | null;
  readonly phase: string;
  readonly traceId: string;
  readonly lastSeq: number;
  /** `archive` when the history is gone and the read model answered. */
  readonly source: 'history' | 'archive';
}

/** Everything of a swarm but its event log and its long texts; what `swarm.status` answers. */
export interface StatusReply {
  readonly input: Pick<SwarmInput, 'objective' | 'model' | 'budget' | 'maxAgents' | 'traceId' | 'tenant'>;
  readonly state: Omit<SwarmState, 'log' | 'texts'>;
  readonly lastSeq: number;
}

const usd = (microUsd: number | null): number | null => (microUsd === null ? null : microUsd / 1e6);

/** A pending task whose dependencies are all done shows as ready: derived, so never stale. */
const shownStatus = (task: TaskState, done: ReadonlySet<string>): TaskStatus => (task.status === 'pending' && task.dependsOn.every((id) => done.has(id)) ? 'ready' : task.status);

/** The document people and scripts read, from the one state; pure. `now` in ms since 1970 dates a run that goes on. */
export const viewOf = ({ input, state, lastSeq }: StatusReply, now: number): SwarmView => {
  const done = new Set(state.tasks.filter(isDone).map(({ id }) => id));
  const usage = state.usage;
  return {
    swarmId: state.swarmId,
    status: state.status,
    topology: state.topology,
    objective: input.objective,
    model: input.model.ref,
    modelReason: input.model.reason,
    simulated: input.model.simulated,
    result: state.resultText ?? state.result?.preview ?? null,
    resultHash: state.result?.hash ?? null,
    tasks: state.tasks.map((task) => ({
      id: task.id,
      title: task.title,
      role: task.role ?? (task.agentId === null ? null : roleOfAgent(task.agentId)),
      status: isEnded(state.status) ? task.status : shownStatus(task, done),
      disputed: task.disputed,
      dependsOn: task.dependsOn,
      attempts: task.attempts,
      agentId: task.agentId,
      output: task.output?.preview ?? null,
      outputHash: task.output?.hash ?? null,
      failure: task.failure ?? (!task.question ? null : `${task.question.message} It waits for your answer: cf answer ${state.swarmId} ${task.id} retry|skip|fail`),
    })),
    disputed: state.disputed,
    votes: state.votes.map(voteViewOf),
    workspace: state.workspace ?? null,
    effects: (state.effects ?? []).map(({ key, taskId, status, files, commit }) => ({ key, taskId, status, files, commit })),
    usage: {
      modelCalls: usage.modelCalls,
      inputTokens: usage.inputTokens,
      outputTokens: usage.outputTokens,
      // No call yet is a known cost of nothing only where a price is known.
      costUsd: usage.modelCalls === 0 && input.model.price === null ? null : usd(usage.microUsd),
    },
    budget: { tokens: state.budget.tokens, usd: usd(state.budget.microUsd), calls: state.budget.calls ?? null },
    criticalPath: criticalPath(state.tasks, now),
    startedAt: new Date(state.startedAt).toISOString(),
    endedAt: state.endedAt === null ? null : new Date(state.endedAt).toISOString(),
    durationMs: (state.endedAt ?? now) - state.startedAt,
    failure: state.failure,
    temporalUi: null,
    phase: state.phase,
    traceId: input.traceId,
    lastSeq,
    source: 'history',
  };
};

/** What `viewOf` needs of a whole input. */
export const statusInputOf = ({ objective, model, budget, maxAgents, traceId, tenant }: SwarmInput): StatusReply['input'] => ({
  objective,
  model,
  budget,
  maxAgents,
  traceId,
  tenant,
});

import * as wf from '@temporalio/workflow';
import type { WorkspaceActivities } from '../activities/workspace.js';
import { toKeep, toUndo, type Effect, type Workspace } from '../domain/effects.js';
import type { ErrorReport } from '../domain/errors.js';
import type { EventDraft } from '../domain/events.js';
import { effectKey } from '../domain/names.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import type { SwarmState, SwarmStatus } from '../domain/swarm-state.js';
import { failureOf } from './failure-of.js';
import { WORKSPACE } from './options.js';

const { openWorkspace, writeFiles, undoFiles, sealWorkspace } = wf.proxyActivities<WorkspaceActivities>(WORKSPACE);

type Emit = (draft: Omit<EventDraft, 'at'>) => void;

/** Begins the branch that the swarm writes on; why it can't, or null. */
export const beginBranch = async ({ swarmId, workspace = null }: SwarmInput, emit: Emit): Promise<ErrorReport | null> => {
  // Runs of older versions wrote nothing.
  if (workspace === null || !wf.patched('write on a branch of its own')) return null;
  try {
    emit({ type: 'workspace.opened', data: { ...(await openWorkspace(swarmId, workspace)) } });
    return null;
  } catch (error) {
    if (wf.isCancellation(error)) throw error;
    return failureOf(error, 'Opening the workspace');
  }
};

export interface Writing {
  readonly taskId: string;
  readonly agentId: string;
  /** Tells apart what one task may write: its variant and round. */
  readonly nth: string;
  /** Blob of the files. */
  readonly files: string;
}

/** Does what an accepted answer wants done, known before it happens; returns why it can't be, or null. */
export const execute = async (
  { swarmId, workspace, emit }: { swarmId: string; workspace: Workspace; emit: Emit },
  { taskId, agentId, nth, files }: Writing,
): Promise<ErrorReport | null> => {
  const key = effectKey(swarmId, taskId, nth);
  emit({ type: 'effect.begun', taskId, agentId, data: { effect: key } });
  try {
    const done = await writeFiles({ workspace, key, taskId, agentId, files });
    emit({ type: 'effect.done', taskId, agentId, data: { effect: key, ...done } });
    return null;
  } catch (error) {
    if (wf.isCancellation(error)) throw error;
    return failureOf(error, 'Writing files');
  }
};

/** Undoes what one task did, newest first, before it fails or is tried again; what can't be undone is kept as `stuck`. */
export const rollBackTask = async (state: SwarmState, taskId: string, emit: Emit): Promise<void> => {
  const { workspace } = state;
  if (workspace) await undoAll(workspace, toUndo(state.effects, taskId), emit);
};

const undoAll = async (workspace: Workspace, effects: readonly Pick<Effect, 'key' | 'taskId'>[], emit: Emit): Promise<void> => {
  for (const { key, taskId } of effects) {
    try {
      const happened = await undoFiles(workspace, key);
      emit({ type: 'effect.undone', taskId, data: { effect: key, happened } });
    } catch (error) {
      if (wf.isCancellation(error)) throw error;
      const { message, why } = failureOf(error, 'Undoing files');
      emit({ type: 'effect.stuck', taskId, data: { effect: key, why: `${message} ${why}`.trim() } });
    }
  }
};

/** How a run ended, before it is written down. */
export interface Ending {
  readonly status: SwarmStatus;
  readonly failure: ErrorReport | null;
}

/**
 * Closes the branch and asks it what stands, also of members that died before they could say so. Of a failed or cancelled run everything is undone, newest first; of any other,
 * what no task stands for. Returns how the run then ended: whatever could not be undone makes it `compensation_failed`, and work that is not there makes it fail.
 */
export const closeBranch = async (state: SwarmState, ending: Ending, emit: Emit): Promise<Ending> => {
  const { workspace } = state;
  if (workspace === null) return ending;
  const isUnwound = ending.status === 'failed' || ending.status === 'cancelled';
  const before = undoneOf(state);
  const kept = isUnwound ? new Set<string>() : toKeep(state.effects);
  const known = toUndo(state.effects).filter(({ key }) => !kept.has(key));
  try {
    const standing = await sealWorkspace(workspace);
    const strays = standing.filter((key) => !kept.has(key));
    const doubtful = known.filter(({ key }) => !standing.includes(key));
    await undoAll(workspace, [...doubtful, ...strays.map((key) => ({ key, taskId: taskOfKey(state.swarmId, key) }))], emit);
  } catch (error) {
    const report = failureOf(error, 'Closing the branch');
    if (!isUnwound && kept.size > 0) return { status: 'failed', failure: report };
    for (const { key, taskId } of known) emit({ type: 'effect.stuck', taskId, data: { effect: key, why: `${report.message} ${report.why}`.trim() } });
  }
  const left = state.effects.filter(({ status }) => status === 'stuck');
  if (left.length > 0) return { status: 'compensation_failed', failure: notUndone(workspace, left, ending.failure) };
  return isUnwound && undoneOf(state) > before ? { status: 'compensated', failure: ending.failure } : ending;
};

const undoneOf = ({ effects }: SwarmState): number => effects.filter(({ status }) => status === 'undone').length;

/** `SWARM/TASK/effect…`. */
const taskOfKey = (swarmId: string, key: string): string => key.slice(swarmId.length + 1).split('/')[0] ?? '';

const SHOWN = 5;
const notUndone = ({ branch, repository }: Workspace, left: readonly Effect[], failure: ErrorReport | null): ErrorReport => ({
  code: 'tool_failed',
  message: `${left.length} ${left.length === 1 ? 'change' : 'changes'} could not be undone.`,
  why: `Left on ${branch}: ${left
    .slice(0, SHOWN)
    .map(({ taskId, files }) => `${taskId}${files.length > 0 ? ` (${files.slice(0, SHOWN).join(', ')})` : ''}`)
    .join(', ')}${left.length > SHOWN ? ` and ${left.length - SHOWN} more` : ''}.${failure ? ` Before that: ${failure.message}` : ''}`,
  fix: `See effect.stuck in \`cf logs\` for each cause; the branch is in ${repository}.`,
});

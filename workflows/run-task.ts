import * as wf from '@temporalio/workflow';
import { isContractName, type Plan, type Review } from '../domain/contracts.js';
import type { ErrorReport } from '../domain/errors.js';
import { lessonsMark } from '../domain/lessons.js';
import { variantOf } from '../domain/names.js';
import { answerPrompt, reviewPrompt, revisePrompt, type Material } from '../domain/prompts.js';
import { selectReviewer } from '../domain/selection.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import type { BlobRef, TextRef } from '../domain/model-call.js';
import type { TaskState } from '../domain/task-state.js';
import { subTasksOf } from '../domain/sub-tasks.js';
import type { Coordinator } from './coordinator.js';
import { execute } from './effects.js';
import { holdVote } from './hold-vote.js';

/** One answer and one revision. */
const ROUNDS = 2;

/** How an answer was judged; `findings` is what its author must mend. */
type Judgement =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly findings: TextRef; readonly preview: string }
  | { readonly kind: 'undecided'; readonly preview: string }
  | { readonly kind: 'failed'; readonly failure: ErrorReport };

/** One task by one agent: answer, judgement, at most one revision, and what it wants done. Emits how it went and returns why it failed, or null. */
export const runTask = async (coordinator: Coordinator, task: TaskState, agentId: string, role: string): Promise<ErrorReport | null> => {
  const { input, state, ask, emit, contextOf } = coordinator;
  const contract = task.contract !== null && isContractName(task.contract) ? task.contract : (input.roster.find(({ name }) => name === role)?.output ?? 'report');
  const context = contextOf(task.steerings);
  const variant = variantOf(task.role === null ? role : null, context.steering.length, task.tries, lessonsMark(task.lessons ?? []));
  const material = state.tasks.filter((other): other is TaskState & Material => task.dependsOn.includes(other.id) && other.output !== null);
  const first = answerPrompt(context, task, material);
  /** Validated: what the answer wants done is done, and only then has the task succeeded. */
  const succeed = (files: string | undefined, round: number, data: Readonly<Record<string, unknown>> = {}): ErrorReport | null | Promise<ErrorReport | null> => {
    const { workspace, swarmId } = state;
    const end = (failure: ErrorReport | null): ErrorReport | null => {
      if (failure === null) emit({ type: 'task.succeeded', taskId: task.id, agentId, data });
      return failure;
    };
    return workspace && files !== undefined ? execute({ swarmId, workspace, emit }, { taskId: task.id, agentId, nth: `${variant}/${round}`, files }).then(end) : end(null);
  };
  let prompt = first;
  for (let round = 1; ; round += 1) {
    const answered = await ask({ scope: task.id, contract, priority: task.priority, timeoutMs: task.timeoutMs, role, agentId, purpose: `answer${variant}`, nth: round, prompt });
    if (!answered.ok) return answered.failure;
    const output = answered.answer.text;
    emit({ type: 'task.answered', taskId: task.id, agentId, data: { output, read: material.map(({ output: { hash } }) => hash.slice(0, 12)), usage: answered.usage } });

    const judged = await judge(coordinator, task, { output, role, variant, round });
    if (judged.kind === 'failed') return judged.failure;
    if (judged.kind === 'accepted') {
      const why = contract === 'plan' ? addSubTasks(coordinator, task, agentId, answered.answer.decision as Plan) : null;
      return why === null ? succeed(answered.answer.files, round) : badPlan(task, why);
    }
    if (round === ROUNDS || judged.kind === 'undecided') {
      if (input.strict) return refused(task, judged);
      return succeed(answered.answer.files, round, { disputed: true, findings: judged.preview });
    }
    emit({ type: 'task.revised', taskId: task.id, agentId, data: {} });
    prompt = revisePrompt(first, output, judged.findings);
  }
};

/** An answer of the form `plan` becomes tasks, before its own has succeeded: whatever waits for it waits for them. */
const addSubTasks = ({ input, state, emit }: Coordinator, task: TaskState, agentId: string, plan: Plan): string | null => {
  const roles = new Set(input.roster.map(({ name }) => name));
  const { specs, why } = subTasksOf(state.tasks, task, plan.tasks, roles, input.limits.planTasks);
  for (const spec of specs) emit({ type: 'task.added', taskId: spec.id, agentId, data: { spec, parent: task.id } });
  return why;
};

const badPlan = (task: TaskState, why: string): ErrorReport => ({
  code: 'provider_rejected',
  message: `The sub-tasks of ${task.id} can not be run.`,
  why,
  fix: 'Give the tasks by hand with -f spec.yaml, or use a stronger model.',
});

interface Answer {
  readonly output: BlobRef;
  readonly role: string;
  readonly variant: string;
  readonly round: number;
}

/** By one reviewer, or by a vote where tasks are voted on. */
const judge = async (coordinator: Coordinator, task: TaskState, { output, role, variant, round }: Answer): Promise<Judgement> => {
  const { input, askAs, emit, contextOf } = coordinator;
  if (input.votes?.on === 'tasks') return judgeByVote(coordinator, task, output, role);
  if (!input.review) return { kind: 'accepted' };
  const { agentId, answered } = await askAs(selectReviewer(role, input.roster).role, {
    scope: task.id,
    contract: 'review',
    priority: task.priority,
    timeoutMs: task.timeoutMs,
    purpose: `review${variant}`,
    nth: round,
    prompt: reviewPrompt(contextOf(task.steerings), task, output),
  });
  if (!answered.ok) return { kind: 'failed', failure: answered.failure };
  const { answer, usage } = answered;
  const { verdict } = answer.decision as Pick<Review, 'verdict'>;
  emit({ type: 'task.reviewed', taskId: task.id, agentId, data: { verdict, review: answer.text, ...(verdict === 'accept' ? {} : teaches(input, role)), usage } });
  return verdict === 'accept' ? { kind: 'accepted' } : { kind: 'refused', findings: answer.text, preview: answer.text.preview };
};

/** Whom a refusal teaches: the craft of the role whose answer it was. */
const teaches = ({ roster }: SwarmInput, role: string): { readonly craft?: string } => {
  // Runs of older versions learned nothing.
  const craft = wf.patched('learn from refused answers') ? roster.find(({ name }) => name === role)?.craft : undefined;
  return craft === undefined ? {} : { craft };
};

const judgeByVote = async (coordinator: Coordinator, task: TaskState, output: BlobRef, role: string): Promise<Judgement> => {
  const { input, emit } = coordinator;
  if (!input.votes) return { kind: 'accepted' };
  const verdict = await holdVote(coordinator, input.votes, {
    scope: task.id,
    question: `Does this answer serve the task "${task.title}"?`,
    subject: output,
    priority: task.priority,
  });
  if (verdict.kind === 'failed') return verdict;
  const findings = verdict.kind === 'reject' ? verdict.dissent : null;
  emit({ type: 'task.reviewed', taskId: task.id, data: { verdict: verdict.kind, vote: verdict.vote, review: findings, ...(findings === null ? {} : teaches(input, role)) } });
  if (verdict.kind === 'approve') return { kind: 'accepted' };
  if (findings === null) return { kind: 'undecided', preview: `The vote ${verdict.vote} had no quorum.` };
  return { kind: 'refused', findings, preview: `Rejected by the vote ${verdict.vote}.` };
};

const refused = (task: TaskState, judged: Extract<Judgement, { preview: string }>): ErrorReport =>
  judged.kind === 'undecided'
    ? {
        code: 'no_quorum',
        message: `The vote on task ${task.id} had no quorum.`,
        why: judged.preview,
        fix: 'Run without --strict to keep a disputed result, or with another electorate (--voters).',
      }
    : {
        code: 'provider_rejected',
        message: `Task ${task.id} was refused by its reviewer twice.`,
        why: judged.preview,
        fix: 'Run without --strict to keep a disputed result, or steer the agents and retry.',
      };

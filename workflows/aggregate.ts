import type { ErrorReport } from '../domain/errors.js';
import type { BlobRef } from '../domain/model-call.js';
import { variantOf } from '../domain/names.js';
import { aggregateMaterial, aggregatePrompt, mergeGroups, mergePartPrompt, revisePrompt, type Material, type PromptContext } from '../domain/prompts.js';
import type { SwarmStatus } from '../domain/swarm-state.js';
import type { Coordinator } from './coordinator.js';
import { holdVote, type Poll } from './hold-vote.js';

/** The merged result, and what keeps it from being the swarm's success. */
export interface Aggregated {
  readonly resultText: string | null;
  readonly refusal: { readonly status: Extract<SwarmStatus, 'failed' | 'budget_exhausted' | 'no_quorum'>; readonly failure: ErrorReport } | null;
}

/** One merge and one revision. */
const ROUNDS = 2;

/** One agent merges what was reached; where the outcome is voted on, a rejected one is revised once. `isPartial` results are not put to the vote. */
export const aggregate = async (coordinator: Coordinator, isPartial: boolean, poll?: Poll): Promise<Aggregated> => {
  const { input, state, emit, askAs, control, contextOf } = coordinator;
  const material = aggregateMaterial(state.tasks);
  if (material.length === 0) return { resultText: null, refusal: null };
  const missing = state.tasks.filter(({ status }) => status !== 'succeeded').map(({ title }) => title);
  if (state.aggregateSteerings === null) emit({ type: 'aggregate.started', data: { steerings: control().steering.length } });
  const role = input.roster.some(({ name }) => name === 'aggregator') ? 'aggregator' : (input.roster[0]?.name ?? '');
  const context = contextOf(state.aggregateSteerings);
  const added = state.tasks.filter(({ isAdded }) => isAdded).length;
  const purpose = `aggregate${variantOf(null, context.steering.length)}${added === 0 ? '' : `.t${state.tasks.length}`}`;
  const merged = await mergeParts(coordinator, { role, context, purpose }, material);
  if (!merged.ok) return { resultText: null, refusal: refusalOf(merged.failure) };
  const first = aggregatePrompt(context, merged.material, missing);
  const isVoted = !isPartial && input.votes !== undefined && input.votes.on !== 'none';
  let prompt = first;
  for (let round = 1; ; round += 1) {
    const { answered, agentId } = await askAs(role, { scope: 'swarm', purpose, nth: round, contract: 'report', prompt, priority: 1, inline: true });
    if (!answered.ok) return { resultText: null, refusal: refusalOf(answered.failure) };
    const { text, inline } = answered.answer;
    if (state.result?.hash !== text.hash) emit({ type: 'result.aggregated', agentId, data: { result: text, usage: answered.usage } });
    if (!isVoted) return { resultText: inline, refusal: null };
    const verdict = await judge(coordinator, text, poll);
    if (verdict.kind === 'failed') return { resultText: inline, refusal: refusalOf(verdict.failure) };
    if (verdict.kind === 'approve') return { resultText: inline, refusal: null };
    if (verdict.kind === 'no_quorum') return { resultText: inline, refusal: { status: 'no_quorum', failure: noQuorum(verdict.vote) } };
    if (round === ROUNDS) {
      if (input.strict) return { resultText: inline, refusal: { status: 'failed', failure: votedDown(verdict.vote) } };
      emit({ type: 'result.disputed', data: { vote: verdict.vote } });
      return { resultText: inline, refusal: null };
    }
    if (verdict.dissent) prompt = revisePrompt(first, text, verdict.dissent);
  }
};

type Merged = { readonly ok: true; readonly material: readonly Material[] } | { readonly ok: false; readonly failure: ErrorReport };

/** Merges group by group, side by side and level by level, until one call can read what is left. */
const mergeParts = async (
  coordinator: Coordinator,
  { role, context, purpose }: { readonly role: string; readonly context: PromptContext; readonly purpose: string },
  material: readonly Material[],
  level = 1,
): Promise<Merged> => {
  const groups = mergeGroups(material);
  if (groups.length === 1) return { ok: true, material };
  const { askAs, emit } = coordinator;
  const answers = await Promise.all(
    groups.map(async (group, i) => {
      const nth = i + 1;
      const prompt = mergePartPrompt(context, group, nth, groups.length);
      const { answered, agentId } = await askAs(role, { scope: 'swarm', purpose: `${purpose}.l${level}`, nth, contract: 'report', prompt, priority: 1 });
      if (answered.ok)
        emit({ type: 'part.merged', agentId, data: { level, part: nth, of: groups.length, results: group.length, text: answered.answer.text, usage: answered.usage } });
      return answered;
    }),
  );
  const failed = answers.find((answered) => !answered.ok);
  if (failed && !failed.ok) return { ok: false, failure: failed.failure };
  const parts = answers.flatMap((answered, i): readonly Material[] => (answered.ok ? [{ title: `part ${i + 1} of ${groups.length}`, output: answered.answer.text }] : []));
  return mergeParts(coordinator, { role, context, purpose }, parts, level + 1);
};

const judge = (coordinator: Coordinator, subject: BlobRef, poll: Poll | undefined): ReturnType<typeof holdVote> => {
  const { votes } = coordinator.input;
  if (!votes) throw new Error('no vote without a policy');
  return holdVote(coordinator, votes, { scope: 'swarm', question: 'Is this a good answer to the objective?', subject, priority: 1 }, poll);
};

const refusalOf = (failure: ErrorReport): NonNullable<Aggregated['refusal']> => ({ status: failure.code === 'budget_exhausted' ? 'budget_exhausted' : 'failed', failure });

const noQuorum = (vote: string): ErrorReport => ({
  code: 'no_quorum',
  message: 'The voters found no quorum for the outcome.',
  why: `See the vote ${vote} with every ballot in \`cf show\`. The result is kept.`,
  fix: 'Read the result and decide yourself, run it with other voters (--voters, --agents), or without the vote (--votes none).',
});

const votedDown = (vote: string): ErrorReport => ({
  code: 'provider_rejected',
  message: 'The outcome was voted down twice.',
  why: `See the vote ${vote} with every ballot in \`cf show\`. The result is kept.`,
  fix: 'Run without --strict to keep a disputed result, or steer the agents.',
});

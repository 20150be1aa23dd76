import type { GraphShape } from './advice.js';
import type { BlobRef, PromptPart, TextRef } from './model-call.js';
import type { VoteForm } from './tally.js';
import type { TaskState } from './task-state.js';

/** What each kind of call puts before a model; long texts by reference, the objective and the task's text verbatim. */

const text = (heading: string, body: string): PromptPart => ({ heading, text: body });
const ref = (heading: string, blob: TextRef): PromptPart => ({ heading, ref: blob.hash, bytes: blob.bytes });

const guidance = (steering: readonly string[]): readonly PromptPart[] => steering.map((body) => text('Guidance from the user', body));

export interface PromptContext {
  readonly objective: TextRef;
  readonly steering: readonly string[];
}

export const planPrompt = (
  { objective, steering }: PromptContext,
  roles: readonly { readonly name: string; readonly description: string }[],
  maxTasks: number,
): readonly PromptPart[] => [
  ref('Objective', objective),
  ...guidance(steering),
  text('Roles', roles.map(({ name, description }) => `- ${name}: ${description}`).join('\n')),
  text(
    'Your task',
    `Break the objective into at most ${maxTasks} tasks that agents can do in parallel where possible. Give each task a short id, a clear instruction, one of the roles, and the ids of the tasks whose results it needs. No circles.`,
  ),
];

/** The plan was refused by `validateGraph`: the findings and the refused plan are put before the planner once. */
export const replanPrompt = (first: readonly PromptPart[], refused: BlobRef, findings: readonly string[]): readonly PromptPart[] => [
  ...first,
  ref('Your refused plan', refused),
  text('Why it was refused', findings.join('\n')),
];

/** The four topologies and the figures of the graph, for the advisor. */
export const advicePrompt = ({ objective, steering }: PromptContext, { tasks, depth, width, crafts, handOvers, regions }: GraphShape): readonly PromptPart[] => [
  ref('Objective', objective),
  ...guidance(steering),
  text(
    'The graph',
    `${tasks} tasks; the longest chain has ${depth}; at most ${width} can run side by side; ${crafts} crafts; ${handOvers} times a task waits for one of another craft; ${regions} regions with workers of their own.`,
  ),
  text(
    'The topologies',
    [
      '- queen: one coordinator gives out every task and merges the results; the cheapest, for up to some fifty tasks',
      '- hierarchical: a manager per craft below a coordinator; for many tasks of several crafts that seldom wait for each other',
      '- mesh: peers own tasks, share them out and vote without a leader; for many alike tasks that do not wait for each other',
      '- distributed: tasks are placed on regions by load, cost and data; only where there is more than one region',
    ].join('\n'),
  ),
  text('Your task', 'Choose the topology for this graph. Write its name, as it stands above, as your choice.'),
];

export interface Material {
  readonly title: string;
  readonly output: BlobRef;
}

export const answerPrompt = ({ objective, steering }: PromptContext, task: TaskState, material: readonly Material[]): readonly PromptPart[] => [
  ref('Objective of the swarm', objective),
  ...guidance(steering),
  ...(task.lessons ?? []).map((lesson) => ref('What a reviewer found in other work of this kind: do better', lesson)),
  ...material.map(({ title, output }) => ref(`Result of an earlier task: ${oneLine(title)}`, output)),
  text('Your task', task.title),
];

export const revisePrompt = (first: readonly PromptPart[], answer: TextRef, review: TextRef): readonly PromptPart[] => [
  ...first,
  ref('Your earlier answer', answer),
  ref('What the reviewer found', review),
  text('Now', 'Answer the task again and mend what the reviewer found.'),
];

export const reviewPrompt = ({ objective }: PromptContext, task: TaskState, answer: BlobRef): readonly PromptPart[] => [
  ref('Objective of the swarm', objective),
  text('The task', task.title),
  ref('The answer to review', answer),
  text('Your task', 'Judge whether the answer serves the task. Accept it, or name what must be mended.'),
];

const HOW_TO_VOTE: Readonly<Record<VoteForm, string>> = {
  choice: 'Vote for one of',
  approval: 'Name all that would do, of',
  ranked: 'Put all of these in your order of preference, best first',
};

/** `counts` are the votes of the round before, in the order of the options; empty in the first round. */
export const ballotPrompt = (
  { objective }: PromptContext,
  { question, subject, form = 'choice' }: { readonly question: string; readonly subject: TextRef | string; readonly form?: VoteForm },
  options: readonly string[],
  counts: readonly number[],
): readonly PromptPart[] => [
  ref('Objective of the swarm', objective),
  ...(typeof subject === 'string' ? [] : [ref('What is voted on', subject)]),
  ...(counts.length > 0 ? [text('The last round had no quorum', options.map((option, i) => `${option}: ${counts[i] ?? 0}`).join('\n'))] : []),
  text('Your vote', `${question}\n${HOW_TO_VOTE[form]}: ${options.join(', ')}. Give your reasons, and evidence only where it can be looked up.`),
];

export const aggregatePrompt = ({ objective, steering }: PromptContext, material: readonly Material[], missing: readonly string[]): readonly PromptPart[] => [
  ref('Objective', objective),
  ...guidance(steering),
  ...material.map(({ title, output }) => ref(`Result: ${oneLine(title)}`, output)),
  ...(missing.length > 0 ? [text('Not reached', missing.map((title) => `- ${oneLine(title)}`).join('\n'))] : []),
  text('Your task', 'Merge the results into one answer to the objective. Say what is missing, if anything is.'),
];

/** One group of results, where there are more than one call can read. */
export const mergePartPrompt = ({ objective, steering }: PromptContext, group: readonly Material[], part: number, of: number): readonly PromptPart[] => [
  ref('Objective', objective),
  ...guidance(steering),
  ...group.map(({ title, output }) => ref(`Result: ${oneLine(title)}`, output)),
  text(
    'Your task',
    `These are the results of part ${part} of ${of}. Merge them into one text that keeps whatever the answer to the objective needs; another call merges the parts.`,
  ),
];

/** An answer broke its contract: the same prompt, the broken answer and the reason. */
export const repairPrompt = (first: readonly PromptPart[], answer: BlobRef, broken: string): readonly PromptPart[] => [
  ...first,
  ref('Your earlier answer', answer),
  text('Why it can not be used', `${broken}\nAnswer again, as one JSON object of the required form and nothing else.`),
];

const oneLine = (title: string): string => title.replace(/\s+/g, ' ').slice(0, 160);

/** Bytes of a prompt at most, headings included; what a reservation is made for. */
export const promptBytes = (parts: readonly PromptPart[]): number =>
  parts.reduce((sum, part) => sum + 3 * part.heading.length + 8 + ('ref' in part ? part.bytes : 3 * part.text.length), 0);

/** Above this, only results that no other task has already used go to the aggregator (bytes). */
const AGGREGATE_ALL_BYTES = 200 * 1024;

/** Results that one call merges at most. */
const MERGE_AT_ONCE = 200;

/** The results in groups of nearly the same size that one call each can merge, in their order; one group where all fit. */
export const mergeGroups = <T>(material: readonly T[], most = MERGE_AT_ONCE): readonly (readonly T[])[] => {
  const count = Math.max(1, Math.ceil(material.length / most));
  return Array.from({ length: count }, (_, i) => material.slice(Math.floor((i * material.length) / count), Math.floor(((i + 1) * material.length) / count)));
};

/** The results the aggregator reads: all of them, or only the graph's sinks when all would be too much. */
export const aggregateMaterial = (tasks: readonly TaskState[]): readonly Material[] => {
  const done = tasks.filter((task): task is TaskState & { output: BlobRef } => task.status === 'succeeded' && task.output !== null);
  const bytes = done.reduce((sum, { output }) => sum + output.bytes, 0);
  const used = new Set(done.flatMap((task) => task.dependsOn));
  return bytes <= AGGREGATE_ALL_BYTES ? done : done.filter((task) => !used.has(task.id));
};

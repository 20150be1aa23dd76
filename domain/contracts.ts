import type { FileWrite } from './effects.js';
import { LIMITS } from './limits.js';

/** Output contracts as JSON Schema data: the same text goes to a provider's schema mode, to a grammar and to the validator. */

export const CONTRACT_NAMES = ['report', 'patch', 'review', 'test-report', 'plan', 'decision', 'research', 'design', 'ballot', 'preference', 'checklist', 'metrics'] as const;
export type ContractName = (typeof CONTRACT_NAMES)[number];

/** The subset of JSON Schema that every provider's schema mode and the local grammar accept. */
export type Schema =
  | { readonly type: 'string'; readonly description?: string; readonly enum?: readonly string[]; readonly maxLength?: number; readonly minLength?: number }
  | { readonly type: 'number' | 'integer' | 'boolean'; readonly description?: string; readonly minimum?: number; readonly maximum?: number }
  | { readonly type: 'array'; readonly description?: string; readonly items: Schema; readonly minItems?: number; readonly maxItems?: number }
  | {
      readonly type: 'object';
      readonly description?: string;
      readonly properties: Readonly<Record<string, Schema>>;
      readonly required: readonly string[];
      readonly additionalProperties: false;
    };

export interface Contract {
  readonly schema: Schema;
  /** The answer's parts in reading order: what people and later agents see of a valid answer. */
  readonly render: (answer: never) => string;
  /** What the workflow decides on; null keeps the answer outside history. */
  readonly decide: ((answer: never) => unknown) | null;
  /** The files that a valid answer wants to be written; null where it can want none. */
  readonly files: ((answer: never) => readonly FileWrite[]) | null;
}

const text = (description: string, minLength = 0): Schema => (minLength > 0 ? { type: 'string', description, minLength } : { type: 'string', description });
const oneOf = (description: string, values: readonly string[]): Schema => ({ type: 'string', description, enum: values });
const list = (items: Schema, description: string, maxItems = 50, minItems = 0): Schema => ({ type: 'array', description, items, minItems, maxItems });
/** Every property is required: OpenAI's strict mode allows nothing else. */
const record = (properties: Readonly<Record<string, Schema>>): Schema => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false });

export interface Report {
  readonly text: string;
  readonly claims: readonly string[];
}
export interface Finding {
  readonly severity: 'minor' | 'major' | 'critical';
  readonly reason: string;
  readonly fix: string;
}
export interface Review {
  readonly verdict: 'accept' | 'revise';
  readonly findings: readonly Finding[];
}
export const CLAIM_KINDS = ['output', 'file', 'command'] as const;
/** Evidence of a ballot that an activity looks up before the vote counts. */
export interface Claim {
  readonly kind: (typeof CLAIM_KINDS)[number];
  /** Id of a task, path in the workspace, or a command. */
  readonly source: string;
  readonly quote: string;
}
/** A vote for one option. */
export interface BallotAnswer {
  readonly choice: string;
  readonly reasons: readonly string[];
  readonly claims: readonly Claim[];
}
/** A vote for several: those that are approved, or an order of preference. */
export interface PreferenceAnswer extends Omit<BallotAnswer, 'choice'> {
  readonly options: readonly string[];
}
/** What a workflow sees of a decision; both texts cut. */
export interface Decision {
  readonly choice: string;
  /** The first of its reasons. */
  readonly reason: string;
}
/** What a vote is decided on. */
export type BallotDecision = Pick<BallotAnswer, 'choice' | 'claims'>;
export type PreferenceDecision = Pick<PreferenceAnswer, 'options' | 'claims'>;
export interface PlanTask {
  readonly id: string;
  readonly title: string;
  readonly role: string;
  readonly dependsOn: readonly string[];
}
export interface Plan {
  readonly tasks: readonly PlanTask[];
}

const bullets = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');
const section = (title: string, items: readonly string[]): string => (items.length === 0 ? '' : `${title}:\n${bullets(items)}`);
const parts = (...texts: readonly string[]): string => texts.filter((part) => part.trim() !== '').join('\n\n');

const FINDING = record({
  severity: oneOf('How bad it is.', ['minor', 'major', 'critical']),
  reason: text('What is wrong and where.'),
  fix: text('What would mend it.'),
});
const findingLine = (f: Finding): string => `[${f.severity}] ${f.reason} → ${f.fix}`;

/** Ties a schema to the type of a valid answer, so that `render` and `decide` are checked. */
const contract = <A>(
  schema: Schema,
  render: (answer: A) => string,
  decide: ((answer: A) => unknown) | null = null,
  files: ((answer: A) => readonly FileWrite[]) | null = null,
): Contract => ({ schema, render, decide, files }) as Contract;

/** Why a voter votes as it does. */
const GROUNDS = {
  reasons: list(text('One reason.'), 'Why.', 6),
  claims: list(
    record({
      kind: oneOf('What the quote is from.', CLAIM_KINDS),
      source: text('Id of the task whose output, path of the file, or command whose result it is.'),
      quote: text('Words that stand there.'),
    }),
    'Evidence that can be looked up; empty when there is none.',
    6,
  ),
};
const groundsOf = ({ reasons, claims }: Pick<BallotAnswer, 'reasons' | 'claims'>) => [
  section('Reasons', reasons),
  section(
    'Evidence',
    claims.map((claim) => `${claim.kind} ${claim.source}: ${claim.quote}`),
  ),
];

export const CONTRACTS: Readonly<Record<ContractName, Contract>> = {
  report: contract<Report>(
    record({ text: text('The answer in full, plain text or Markdown.', 1), claims: list(text('One claim that can be checked.'), 'Key claims.', 12) }),
    (a) => a.text,
  ),
  patch: contract<{ summary: string; files: readonly { path: string; content: string; why: string }[] }>(
    record({
      summary: text('What was changed and why.', 1),
      files: list(record({ path: text('Path in the workspace.'), content: text('The whole new content.'), why: text('Why this file.') }), 'Files to write.', 50),
    }),
    (a) => parts(a.summary, ...a.files.map((f) => `### ${f.path}\n${f.why}\n\n\`\`\`\n${f.content}\n\`\`\``)),
    null,
    (a) => a.files.map(({ path, content }) => ({ path, content })),
  ),
  review: contract<Review>(
    record({ verdict: oneOf('accept when the result serves the task, else revise.', ['accept', 'revise']), findings: list(FINDING, 'What is wrong; empty when accepted.', 8) }),
    (a) => parts(`Verdict: ${a.verdict}`, section('Findings', a.findings.map(findingLine))),
    (a) => ({ verdict: a.verdict, findings: a.findings.length }),
  ),
  'test-report': contract<{ summary: string; ran: number; passed: number; failed: number; failures: readonly string[] }>(
    record({
      summary: text('What was tested and how.', 1),
      ran: { type: 'integer', minimum: 0 },
      passed: { type: 'integer', minimum: 0 },
      failed: { type: 'integer', minimum: 0 },
      failures: list(text('One failure.'), 'What failed.', 50),
    }),
    (a) => parts(a.summary, `${a.ran} ran, ${a.passed} passed, ${a.failed} failed`, section('Failures', a.failures)),
  ),
  plan: contract<Plan>(
    record({
      tasks: list(
        record({
          id: text('Short id such as t1.', 1),
          title: text('What is to be done, one clear instruction.', 1),
          role: text('The role that does it, one of those listed.'),
          dependsOn: list(text('Id of a task that must be finished first.'), 'Empty when it can start at once.', 20),
        }),
        'The task graph.',
        50,
        1,
      ),
    }),
    (a) => bullets(a.tasks.map((t) => `${t.id} (${t.role}) ${t.title}${t.dependsOn.length > 0 ? ` ← ${t.dependsOn.join(', ')}` : ''}`)),
    (a) => a,
  ),
  decision: contract<{ choice: string; reasons: readonly string[]; confidence: number }>(
    record({ choice: text('What is chosen.', 1), reasons: list(text('One reason.'), 'Why.', 12), confidence: { type: 'number', minimum: 0, maximum: 1 } }),
    (a) => parts(a.choice, section('Reasons', a.reasons), `Confidence: ${a.confidence}`),
    (a): Decision => ({ choice: a.choice.slice(0, LIMITS.previewChars), reason: (a.reasons[0] ?? '').slice(0, LIMITS.previewChars) }),
  ),
  research: contract<{ summary: string; facts: readonly { fact: string; source: string }[] }>(
    record({ summary: text('What was found, in full.', 1), facts: list(record({ fact: text('One fact.'), source: text('Where it comes from.') }), 'Facts with sources.', 20) }),
    (a) =>
      parts(
        a.summary,
        section(
          'Facts',
          a.facts.map((f) => `${f.fact} (${f.source})`),
        ),
      ),
  ),
  design: contract<{ summary: string; components: readonly { name: string; purpose: string }[]; tradeOffs: readonly string[] }>(
    record({
      summary: text('The design in full.', 1),
      components: list(record({ name: text('Name.'), purpose: text('Purpose and interface.') }), 'Components.', 20),
      tradeOffs: list(text('One trade-off.'), 'Trade-offs.', 12),
    }),
    (a) =>
      parts(
        a.summary,
        section(
          'Components',
          a.components.map((c) => `${c.name}: ${c.purpose}`),
        ),
        section('Trade-offs', a.tradeOffs),
      ),
  ),
  ballot: contract<BallotAnswer>(
    record({ choice: text('The option you vote for, as it is written.', 1), ...GROUNDS }),
    (a) => parts(a.choice, ...groundsOf(a)),
    ({ choice, claims }): BallotDecision => ({ choice, claims }),
  ),
  preference: contract<PreferenceAnswer>(
    record({ options: list(text('An option, as it is written.', 1), 'The options you vote for, best first.', 20, 1), ...GROUNDS }),
    (a) => parts(bullets(a.options), ...groundsOf(a)),
    ({ options, claims }): PreferenceDecision => ({ options, claims }),
  ),
  checklist: contract<{ items: readonly { item: string; verdict: string; evidence: string }[] }>(
    record({
      items: list(record({ item: text('What was checked.', 1), verdict: oneOf('Verdict.', ['pass', 'fail', 'unknown']), evidence: text('Evidence.') }), 'Items.', 50, 1),
    }),
    (a) => bullets(a.items.map((i) => `[${i.verdict}] ${i.item}: ${i.evidence}`)),
  ),
  metrics: contract<{ summary: string; metrics: readonly { name: string; value: number; unit: string; source: string }[] }>(
    record({
      summary: text('What the figures say.', 1),
      metrics: list(record({ name: text('Name.'), value: { type: 'number' }, unit: text('Unit.'), source: text('How it was measured.') }), 'Figures.', 50),
    }),
    (a) =>
      parts(
        a.summary,
        section(
          'Metrics',
          a.metrics.map((m) => `${m.name}: ${m.value} ${m.unit} (${m.source})`),
        ),
      ),
  ),
};

export const isContractName = (value: string): value is ContractName => CONTRACT_NAMES.includes(value as ContractName);

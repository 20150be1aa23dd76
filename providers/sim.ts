import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { CONTRACT_NAMES, type ContractName } from '../domain/contracts.js';
import { ERROR_CODES, SwarmError } from '../domain/errors.js';
import type { ModelProvider, ModelReply, ModelRequest } from './port.js';
import { readAnswer } from './validate.js';

const LABEL = '[simulated]';

/** One entry of a `sim/scripted` script: the first whose `match` fits answers; `times` ends it after so many calls. */
const entry = z.strictObject({
  match: z.strictObject({ key: z.string().optional(), contract: z.enum(CONTRACT_NAMES).optional() }).default({}),
  answer: z.unknown().optional(),
  error: z.strictObject({ code: z.enum(ERROR_CODES), message: z.string().default('scripted error') }).optional(),
  delayMs: z.number().int().min(0).max(600_000).default(0),
  times: z.number().int().positive().optional(),
});
const script = z.array(entry).min(1);
type Script = z.output<typeof script>;

/** Models for tests and demonstrations: chosen only by name, and every text they write begins with "[simulated]". */
export const createSimProvider = ({ scriptFile }: { readonly scriptFile: string | null }): ModelProvider => {
  const used = new Map<number, number>();
  return {
    name: 'sim',
    generate: async (request) => {
      if (request.model === 'echo') return reply(request, echo(request));
      if (request.model !== 'scripted')
        throw new SwarmError({
          code: 'provider_rejected',
          message: `There is no model sim/${request.model}.`,
          why: 'There are sim/echo and sim/scripted.',
          fix: 'Use --model sim/echo.',
        });
      const entries = await readScript(scriptFile);
      const at = entries.findIndex(({ match, times }, i) => fits(match, request) && (used.get(i) ?? 0) < (times ?? Number.POSITIVE_INFINITY));
      const found = entries[at];
      if (!found) return reply(request, echo(request));
      used.set(at, (used.get(at) ?? 0) + 1);
      if (found.delayMs > 0) await delay(found.delayMs, undefined, { signal: request.signal });
      if (found.error) throw new SwarmError({ ...found.error, why: 'The script says so.', fix: 'Mend the script.' });
      return reply(request, found.answer);
    },
  };
};

const fits = (match: Script[number]['match'], { key, contract }: ModelRequest): boolean =>
  (match.contract === undefined || match.contract === contract) && (match.key === undefined || new RegExp(match.key).test(key));

const readScript = async (file: string | null): Promise<Script> => {
  const refuse = (why: string): never => {
    throw new SwarmError({ code: 'invalid_input', message: 'sim/scripted has no script.', why, fix: 'Set CF_SIM_SCRIPT to a YAML file: a list of { match, answer }.' });
  };
  if (file === null) return refuse('CF_SIM_SCRIPT is not set.');
  const text = await readFile(file, 'utf8').catch((error: unknown) => refuse(error instanceof Error ? error.message : String(error)));
  const parsed = script.safeParse(parse(text));
  return parsed.success ? parsed.data : refuse(z.prettifyError(parsed.error));
};

/** A valid answer made of the prompt's last words: shows the flow, knows nothing. */
const echo = (request: ModelRequest): unknown => {
  const task = lastSection(request.prompt);
  const text = `${LABEL} ${task}`;
  const choices = request.choices ?? ['researcher'];
  const answers: Readonly<Record<ContractName, unknown>> = {
    report: { text, claims: [] },
    patch: { summary: text, files: [] },
    review: { verdict: 'accept', findings: [] },
    'test-report': { summary: text, ran: 0, passed: 0, failed: 0, failures: [] },
    plan: {
      tasks: [
        { id: 't1', title: `${LABEL} look at the first half`, role: choices[0], dependsOn: [] },
        { id: 't2', title: `${LABEL} look at the second half`, role: choices[1 % choices.length], dependsOn: [] },
        { id: 't3', title: `${LABEL} compare both halves`, role: choices[0], dependsOn: ['t1', 't2'] },
      ],
    },
    decision: { choice: request.choices?.[0] ?? text, reasons: [text], confidence: 0 },
    research: { summary: text, facts: [] },
    design: { summary: text, components: [], tradeOffs: [] },
    ballot: { choice: choices[0], reasons: [text], claims: [] },
    preference: { options: choices.slice(0, 1), reasons: [text], claims: [] },
    checklist: { items: [{ item: text, verdict: 'unknown', evidence: '' }] },
    metrics: { summary: text, metrics: [] },
  };
  return answers[request.contract];
};

const lastSection = (prompt: string): string => (prompt.split(/^## .*$/m).at(-1) ?? '').replaceAll(LABEL, '').trim().replace(/\s+/g, ' ').slice(0, 300);

const reply = (request: ModelRequest, answer: unknown): ModelReply => {
  const raw = typeof answer === 'string' ? answer : JSON.stringify(answer);
  // A word is close to a token; the figures are counted, not made up, and labelled by `simulated: true`.
  const count = (text: string): number => text.split(/\s+/).length;
  return { raw, ...readAnswer(raw, request.contract), usage: { inputTokens: count(`${request.system} ${request.prompt}`), outputTokens: count(raw) } };
};

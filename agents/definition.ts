import { createHash } from 'node:crypto';
import { isMap, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { AgentDefinition } from '../domain/agent.js';
import { CONTRACT_NAMES } from '../domain/contracts.js';
import { SwarmError } from '../domain/errors.js';

/** Tools of a role that names none (roles.md): those that only read. */
const READ_ONLY = ['read', 'search', 'list'];

const tools = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(',')
      .map((tool) => tool.trim())
      .filter(Boolean),
  ),
]);
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
const timeout = z
  .string()
  .regex(/^\d+[smh]$/, 'a duration such as 90s or 10m')
  .transform((text) => Number(text.slice(0, -1)) * UNIT_MS[text.slice(-1) as keyof typeof UNIT_MS]);

const frontMatter = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{1,48}$/, 'lower-case letters, digits and -, at most 49'),
  description: z.string().min(1).max(1_000),
  craft: z.string().min(1).default('custom'),
  capabilities: z.array(z.string()).default([]),
  tools: tools.default(READ_ONLY),
  model: z.string().default('inherit'),
  limits: z.strictObject({ maxTurns: z.number().int().positive().optional(), maxTokens: z.number().int().positive().optional(), timeout: timeout.optional() }).default({}),
  vote: z.strictObject({ eligible: z.boolean().default(true), weight: z.number().int().positive().default(1) }).default({ eligible: true, weight: 1 }),
  output: z.enum(CONTRACT_NAMES).default('report'),
});

/** Reads one role: YAML front-matter and its instruction. `strict` refuses unknown keys; files of Claude Code may have keys of its own. Throws `invalid_input` with file, line and column. */
export const readDefinition = (source: string, file: string, strict: boolean): AgentDefinition => {
  const match = /^---\r?\n([\s\S]*?)\r?\n---\r?\n?([\s\S]*)$/.exec(source);
  if (!match) throw bad(file, '1:1', 'The file does not start with front-matter between two lines of ---.');
  const [, head = '', body = ''] = match;
  const lines = new LineCounter();
  const document = parseDocument(head, { lineCounter: lines });
  // The front-matter starts on the file's second line.
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${line + 1}:${col}`;
  };
  const [broken] = document.errors;
  if (broken) throw bad(file, at(broken.pos[0]), (broken.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '.'));
  const parsed = (strict ? frontMatter.strict() : frontMatter).safeParse(document.toJS());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).map(String);
    const node = document.getIn(issue?.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path, true) as { range?: [number, number, number] } | undefined;
    const where = at(node?.range?.[0] ?? (isMap(document.contents) ? (document.contents.range?.[0] ?? 0) : 0));
    throw bad(file, where, `${path.join('.') || 'front-matter'}: ${issue?.message ?? 'not valid'}`);
  }
  if (body.trim() === '') throw bad(file, '1:1', 'The instruction below the front-matter is empty.');
  const { limits, ...rest } = parsed.data;
  return {
    ...rest,
    limits: {
      ...(limits.maxTurns === undefined ? {} : { maxTurns: limits.maxTurns }),
      ...(limits.maxTokens === undefined ? {} : { maxTokens: limits.maxTokens }),
      ...(limits.timeout === undefined ? {} : { timeoutMs: limits.timeout }),
    },
    instruction: body.trim(),
    sha256: createHash('sha256').update(source).digest('hex'),
    source: file,
  };
};

const bad = (file: string, where: string, why: string): SwarmError =>
  new SwarmError({ code: 'invalid_input', message: `The role in ${file}:${where} can't be read.`, why, fix: 'Mend the file, or move it away.' });

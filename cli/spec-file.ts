import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { CliIo } from './deps.js';
import { LIMITS } from '../domain/limits.js';
import { usageError } from './errors.js';

/** A spec file: its content, and where each part of it stands. */
export interface Spec {
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** `line 3, column 5` of a value, or of a key where `key` is given. */
  place(path: readonly PropertyKey[], key?: string): string;
}

const MAX_SPEC_BYTES = 8 * 1024 * 1024;
const FIX = 'Mend the file; `cf run --help` and docs/reference/spec.md list its keys.';

/** Reads `-f FILE`, or standard input for `-`; `invalid_input` names line and column. */
export const readSpec = async (file: string, io: CliIo, cwd: string): Promise<Spec> => {
  const name = file === '-' ? 'standard input' : file;
  const text = file === '-' ? await io.readStdin() : await readText(resolve(cwd, file), name);
  if (Buffer.byteLength(text) > MAX_SPEC_BYTES)
    throw usageError(`${name} is larger than ${MAX_SPEC_BYTES} bytes.`, `A spec holds an objective and at most ${LIMITS.tasks} tasks.`, 'Make it smaller.');
  return parseSpec(text, name);
};

const readText = async (path: string, name: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw usageError(`${name} can't be read.`, cause instanceof Error ? cause.message : String(cause), 'Give the path of a readable YAML file, or - for standard input.');
  }
};

/** Parses YAML 1.2 (JSON included); one mapping, no duplicate keys, few aliases. */
export const parseSpec = (text: string, name: string): Spec => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `line ${Math.max(1, line)}, column ${Math.max(1, col)}`;
  };
  const [fault] = document.errors;
  if (fault) throw usageError(`${name}, ${at(fault.pos[0])}: this is not YAML.`, fault.message, FIX);
  if (!isMap(document.contents)) throw usageError(`${name}, ${at(document.contents?.range?.[0] ?? 0)}: a mapping is expected.`, 'A spec is a list of `key: value` lines.', FIX);

  const offsetOf = (path: readonly PropertyKey[], key: string | undefined): number => {
    let node: unknown = document.contents;
    let offset = document.contents?.range?.[0] ?? 0;
    for (const [depth, step] of [...path, ...(key === undefined ? [] : [key])].entries()) {
      const pair = isMap(node) ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step)) : undefined;
      const onKey = depth === path.length;
      const next = pair ? (onKey ? pair.key : (pair.value ?? pair.key)) : isSeq(node) ? node.items[Number(step)] : undefined;
      if (!isNode(next)) return offset;
      offset = next.range?.[0] ?? offset;
      node = next;
    }
    return offset;
  };
  return { name, value: toRecord(document, name), place: (path, key) => at(offsetOf(path, key)) };
};

const toRecord = (document: ReturnType<typeof parseDocument>, name: string): Record<string, unknown> => {
  try {
    return document.toJS({ maxAliasCount: 50 }) as Record<string, unknown>;
  } catch (cause) {
    throw usageError(`${name} can't be used.`, cause instanceof Error ? cause.message : String(cause), FIX);
  }
};

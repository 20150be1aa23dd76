import { CONTRACTS, type ContractName, type Schema } from '../../domain/contracts.js';

/** Asks a small model for one value at a time. */
export interface Writer {
  /** Free text in answer to `instruction`, at most `maxTokens`; one line unless `long`. */
  write(instruction: string, maxTokens: number, long: boolean): Promise<string>;
  /** One of `options`, held to them by a grammar. */
  choose(instruction: string, options: readonly string[]): Promise<string>;
}

/** Items a small model is asked for in each list; a list that is not named stays at its minimum. */
const ITEMS: Readonly<Record<string, number>> = { tasks: 3, findings: 1, facts: 2, items: 2, components: 2 };
const LONG_TOKENS = 160;
const LINE_TOKENS = 32;

/** A valid answer for a contract, leaf by leaf: the schema's shape is ours, every text, choice and number is the model's. A 135M model left alone in a JSON grammar does not close its strings. */
export const fillContract = async (contract: ContractName, choices: readonly string[], writer: Writer): Promise<unknown> => {
  if (contract === 'plan') return { tasks: await fillPlan(choices.length > 0 ? choices : ['researcher'], writer) };
  const schema = withChoices(CONTRACTS[contract].schema, choices);
  return fill(schema, contract, writer, true);
};

/** The schema with its free `choice`, or its `options`, held to what may be chosen. */
const withChoices = (schema: Schema, choices: readonly string[]): Schema => {
  if (schema.type !== 'object' || choices.length === 0) return schema;
  const vote: Schema = { type: 'string', description: 'your vote', enum: choices };
  const { choice, options } = schema.properties;
  if (choice) return { ...schema, properties: { ...schema.properties, choice: vote } };
  return options?.type === 'array' ? { ...schema, properties: { ...schema.properties, options: { ...options, items: vote } } } : schema;
};

const fill = async (schema: Schema, name: string, writer: Writer, top: boolean): Promise<unknown> => {
  const what = schema.type === 'object' ? name : `${name}${schema.description === undefined ? '' : ` (${schema.description})`}`;
  switch (schema.type) {
    case 'object': {
      const filled: Record<string, unknown> = {};
      for (const [key, property] of Object.entries(schema.properties))
        filled[key] = filled['verdict'] === 'accept' && key === 'findings' ? [] : await fill(property, key, writer, top && name !== key);
      return filled;
    }
    case 'array':
      return fillList(schema, name, writer);
    case 'string':
      if (schema.enum) return writer.choose(`Choose ${what}: ${schema.enum.join(' or ')}.`, schema.enum);
      return top ? writer.write('Do your task now. Answer in plain text.', LONG_TOKENS, true) : writer.write(`Give only the ${what} in one short line.`, LINE_TOKENS, false);
    case 'boolean':
      return (await writer.choose(`Is this so: ${what}?`, ['yes', 'no'])) === 'yes';
    default:
      return Number(await writer.choose(`Give the number for ${what}.`, ['0', '1', '2', '3', '5', '10'].slice(0, (schema.maximum ?? 10) < 2 ? 2 : 6)));
  }
};

const fillList = async (schema: Extract<Schema, { type: 'array' }>, name: string, writer: Writer): Promise<readonly unknown[]> => {
  const filled: unknown[] = [];
  for (let i = 0; i < Math.max(schema.minItems ?? 0, ITEMS[name] ?? 0); i += 1) filled.push(await fill(schema.items, `${name} number ${i + 1}`, writer, false));
  return filled;
};

/** Ids by position; titles, roles and dependencies are the model's, a dependency only on an earlier task. */
const fillPlan = async (roles: readonly string[], writer: Writer): Promise<readonly unknown[]> => {
  const tasks: { id: string; title: string; role: string; dependsOn: string[] }[] = [];
  for (let i = 1; i <= (ITEMS['tasks'] ?? 3); i += 1) {
    const before = tasks.map(({ id, title }) => `${id}: ${title}`).join('\n');
    const title = await writer.write(
      `${before === '' ? '' : `Tasks so far:\n${before}\n`}Write task number ${i} towards the objective as one short instruction.`,
      LINE_TOKENS,
      false,
    );
    const role = await writer.choose(`Which role does this task: ${title}`, roles);
    const needs = i === 1 ? 'none' : await writer.choose(`Which earlier task does "${title}" need? ${before}\nAnswer none or its id.`, ['none', ...tasks.map(({ id }) => id)]);
    tasks.push({ id: `t${i}`, title, role, dependsOn: needs === 'none' ? [] : [needs] });
  }
  return tasks;
};

import { z } from 'zod';
import { CONTRACTS, type ContractName } from '../domain/contracts.js';

const validators = new Map<ContractName, z.ZodType>();

const validatorOf = (contract: ContractName): z.ZodType => {
  const known = validators.get(contract);
  if (known) return known;
  const made = z.fromJSONSchema(CONTRACTS[contract].schema as Parameters<typeof z.fromJSONSchema>[0]);
  validators.set(contract, made);
  return made;
};

/** A model's text read against its contract: the answer, or why it breaks it. One JSON object in a code fence counts; JSON inside prose does not. */
export const readAnswer = (raw: string, contract: ContractName): { readonly answer: unknown; readonly broken: string | null } => {
  const text = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(raw)?.[1] ?? raw;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { answer: null, broken: `The answer is not JSON: ${error instanceof Error ? error.message.slice(0, 120) : ''}` };
  }
  const parsed = validatorOf(contract).safeParse(value);
  if (parsed.success) return { answer: parsed.data, broken: null };
  const findings = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'answer'}: ${message}`);
  return { answer: null, broken: `The answer does not have the form "${contract}": ${findings.join('; ')}` };
};

import { SwarmError } from '../../domain/errors.js';
import { ATTEMPTS, type Attempt, type ObtainContext, type ServerBinary } from './attempts.js';

/** A Temporal CLI that can be started, from the first source that has one (architecture.md section 7, steps 3 to 7). Throws `unreachable` with every attempt and its fix. */
export const obtainServer = async (context: ObtainContext, attempts: readonly Attempt[] = ATTEMPTS): Promise<ServerBinary> => {
  const refused: string[] = [];
  const fixes: string[] = [];
  for (const { name, fix, attempt } of attempts) {
    try {
      const found = await attempt(context);
      if (typeof found !== 'string') return found;
      refused.push(`${name}: ${found}`);
    } catch (error) {
      refused.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    fixes.push(fix);
  }
  throw new SwarmError({
    code: 'unreachable',
    message: 'No Temporal server could be obtained.',
    why: refused.map((line) => `\n  - ${line}`).join(''),
    fix: `One of: ${[...new Set(fixes)].join('; ')}.`,
  });
};

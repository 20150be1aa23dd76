import { type DestinationStream, destination as fileDestination, type Logger, pino } from 'pino';
import { redact } from './redact.js';
import type { Settings } from './settings.js';

export interface LoggerOptions {
  readonly level: Settings['logLevel'];
  /** Process or part that writes: `worker`, `api`, … */
  readonly name: string;
  /** Texts that must never be written, such as the providers' keys. */
  readonly secrets?: readonly string[];
  /** Standard error unless told. */
  readonly destination?: DestinationStream;
}

const FIELDS = ['apiKey', 'authorization', 'headers', 'password', 'token', 'secret', 'x-api-key'];
const PATHS = FIELDS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);

/** JSON lines on standard error; fields that carry credentials are censored by name, and every line by shape and by value. */
export const createLogger = ({ level, name, secrets = [], destination = fileDestination({ fd: 2, sync: true }) }: LoggerOptions): Logger =>
  pino({ level, name, redact: { paths: PATHS, censor: '[redacted]' } }, { write: (line) => destination.write(redact(line, secrets)) });

/** Every credential in the settings, for `createLogger`. */
export const secretsOf = ({ providers: { anthropic, openai, compat } }: Settings): readonly string[] =>
  [anthropic.apiKey, openai.apiKey, compat.apiKey].filter((key): key is string => key !== null);

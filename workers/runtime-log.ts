import { DefaultLogger, type LogLevel, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

/** What the SDK calls information (state changes of a worker) is of use to us only while debugging. */
const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const satisfies Record<LogLevel, string>;

/** A worker of calls only is what we want; the SDK warns of it. */
const EXPECTED = /^No workflows registered/;

/** Sends what Temporal's SDK and its native core log through our logger, with its level and redaction; once per process, before the first worker. */
export const installRuntimeLog = (logger: Logger): void => {
  Runtime.install({
    logger: new DefaultLogger('TRACE', ({ level, message, meta }) => logger[EXPECTED.test(message) ? 'debug' : LEVELS[level]](meta ?? {}, message)),
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
  });
};

import type { Command } from 'commander';
import { durationMs } from '../../domain/duration.js';
import { LOCAL_REGION, REGION_NAME } from '../../domain/names.js';
import { usageError } from '../errors.js';
import { act, type Context, type Registry } from '../context.js';
import type { GlobalFlags } from '../deps.js';

/** `cf dev`: Temporal server, worker and API in one; `stop` and `status` for what runs in the background. */
export const addDev = (program: Command, registry: Registry): void => {
  const dev = program.command('dev').summary('run Temporal, worker and API here until Ctrl-C');
  dev
    .option('--autoscale <max>', 'start and drain more workers by load, up to this many')
    .option('--scale-down-after <duration>', 'drain a worker when nothing has waited for this long (default: 30s)')
    .action(act(registry, develop));
  dev.command('stop').summary('end what cf run left in the background').option('--json', 'one JSON document on standard output').action(act(registry, stop));
  dev.command('status').summary('say what runs in the background').option('--json', 'one JSON document on standard output').action(act(registry, status));
};

interface DevOptions extends GlobalFlags {
  readonly autoscale?: string;
  readonly scaleDownAfter?: string;
}

const MOST_WORKERS = 64;

const develop = async ({ deps, flags, say }: Context, { autoscale, scaleDownAfter }: DevOptions): Promise<void> => {
  const max = autoscale === undefined ? null : Number(autoscale);
  if (max !== null && !(Number.isInteger(max) && max >= 1 && max <= MOST_WORKERS))
    throw usageError('--autoscale is not usable.', `"${autoscale}" is no number of workers.`, `Give a whole number from 1 to ${MOST_WORKERS}.`);
  if (max === null && scaleDownAfter !== undefined)
    throw usageError('--scale-down-after is not usable.', 'It says nothing without --autoscale.', 'Add --autoscale 4, or leave it out.');
  const quietMs = durationMs(scaleDownAfter ?? '30s');
  if (quietMs === null) throw usageError('--scale-down-after is not usable.', `"${scaleDownAfter}" is no duration.`, 'Give a duration such as 90s, 15m or 2h.');
  await deps.processes.dev(flags, max === null ? null : { max, quietMs }, say);
};

const stop = async ({ deps, flags, say, json }: Context, options: { readonly json?: boolean }): Promise<void> => {
  const stopped = await deps.processes.devStop(flags);
  if (options.json) json({ stopped });
  else say(stopped.length === 0 ? 'Nothing was running in the background.' : `Stopped ${stopped.join(', ')}.`);
};

const status = async ({ deps, flags, print, json }: Context, options: { readonly json?: boolean }): Promise<void> => {
  const processes = await deps.processes.devStatus(flags);
  if (options.json) return json({ processes });
  if (processes.length === 0) print('Nothing runs in the background; cf run and cf dev start it.');
  for (const { name, running, pid, address } of processes) print(`${running ? '✔' : '✖'} ${name}${pid === null ? '' : `  pid ${pid}`}${address === null ? '' : `  ${address}`}`);
};

/** `cf worker`: runs workflows and model calls against any Temporal. */
export const addWorker = (program: Command, registry: Registry): void => {
  program
    .command('worker')
    .summary('run a worker until SIGTERM or Ctrl-C')
    .option('--region <name>', 'serve this region of distributed swarms, and nothing else')
    .action(act(registry, work));
};

interface WorkerOptions extends GlobalFlags {
  readonly region?: string;
}

const work = async ({ deps, say }: Context, options: WorkerOptions): Promise<void> => {
  const { region } = options;
  if (region === LOCAL_REGION)
    throw usageError(`The region "${LOCAL_REGION}" needs no worker of its own.`, 'Every worker without --region serves it.', 'Leave --region out, or name another one.');
  if (region !== undefined && !REGION_NAME.test(region))
    throw usageError('--region is not usable.', `"${region}" is no name of a region.`, 'Use small letters, digits and hyphens, at most 32.');
  await deps.processes.worker(options, say);
};

interface ApiOptions extends GlobalFlags {
  readonly port?: string;
  readonly host?: string;
}

/** `cf api`: the REST edge. */
export const addApi = (program: Command, registry: Registry): void => {
  program
    .command('api')
    .summary('serve the REST API')
    .option('--port <port>', 'port to listen on (default: CF_API_PORT or 3000)')
    .option('--host <host>', 'address to listen on (default: CF_API_HOST or 127.0.0.1)')
    .action(act(registry, ({ deps, say }: Context, options: ApiOptions) => deps.processes.api(options, say)));
};

/** `cf mcp`: the MCP edge; nothing but protocol goes to standard output. */
export const addMcp = (program: Command, registry: Registry): void => {
  program
    .command('mcp')
    .summary('serve MCP tools on standard input and output')
    .option('--stdio', 'on standard input and output (the default)')
    .action(act(registry, ({ deps, flags }: Context) => deps.processes.mcp(flags)));
};

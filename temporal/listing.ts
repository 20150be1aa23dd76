import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { decodeOptionalSinglePayload } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import type { temporal } from '@temporalio/proto';
import { SwarmError } from '../domain/errors.js';
import { WORKFLOWS } from '../domain/names.js';
import { SWARM_STATUSES, type SwarmStatus } from '../domain/swarm-state.js';
import type { SwarmView } from '../domain/view.js';
import { listEnded, type ArchivePort } from './archive-reader.js';
import { asSwarmError } from './failures.js';
import type { SwarmListItem } from './views.js';

interface Query {
  readonly limit?: number;
  readonly cursor?: string;
  readonly status?: string;
}

interface Page {
  readonly swarms: readonly SwarmListItem[];
  readonly nextCursor: string | null;
}

/** `t` + a page token of Temporal, or `a` + start time of the last archived swarm shown (ms). */
type Cursor = { readonly from: 'temporal'; readonly token: Uint8Array } | { readonly from: 'archive'; readonly before: number | null };

/** Newest first: what Temporal's visibility knows, then what only the read model still knows. */
export const listSwarms = async (client: Client, archive: ArchivePort, { limit = 20, cursor, status }: Query = {}): Promise<Page> => {
  if (status !== undefined && !SWARM_STATUSES.includes(status as SwarmStatus))
    throw new SwarmError({ code: 'invalid_input', message: `"${status}" is no status of a swarm.`, why: `There are: ${SWARM_STATUSES.join(', ')}.`, fix: 'Use one of them.' });
  const at = cursor === undefined ? { from: 'temporal' as const, token: new Uint8Array() } : decode(cursor);
  return at.from === 'temporal' ? listHistory(client, archive, { limit, status, token: at.token }) : listArchive(client, archive, { limit, status, before: at.before });
};

const listHistory = async (client: Client, archive: ArchivePort, { limit, status, token }: { limit: number; status: string | undefined; token: Uint8Array }): Promise<Page> => {
  const query = `WorkflowType = '${WORKFLOWS.swarm}'${status === undefined ? '' : ` AND CfStatus = '${status}'`}`;
  const reply = await client.workflowService
    .listWorkflowExecutions({ namespace: client.options.namespace, query, pageSize: limit, nextPageToken: token })
    .catch((error: unknown) => Promise.reject(asSwarmError(error, 'any')));
  const swarms = (await Promise.all((reply.executions ?? []).map((execution) => itemOf(client, execution)))).filter((item) => item !== null);
  if (reply.nextPageToken && reply.nextPageToken.length > 0) return { swarms, nextCursor: encode({ from: 'temporal', token: reply.nextPageToken }) };
  if (swarms.length >= limit) return { swarms, nextCursor: encode({ from: 'archive', before: null }) };
  const rest = await listArchive(client, archive, { limit: limit - swarms.length, status, before: null });
  return { swarms: [...swarms, ...rest.swarms], nextCursor: rest.nextCursor };
};

/** Archived swarms that Temporal has forgotten; those it still knows were on an earlier page. */
const listArchive = async (
  client: Client,
  archive: ArchivePort,
  { limit, status, before }: { limit: number; status: string | undefined; before: number | null },
): Promise<Page> => {
  const shown: SwarmListItem[] = [];
  let edge = before;
  for (;;) {
    const page = listEnded(archive, { limit, ...(edge === null ? {} : { before: edge }), ...(status === undefined ? {} : { status }) });
    for (const view of page) {
      edge = Date.parse(view.startedAt);
      if (await isGone(client, view.swarmId)) shown.push(fromView(view));
      if (shown.length === limit) return { swarms: shown, nextCursor: encode({ from: 'archive', before: edge }) };
    }
    if (page.length < limit) return { swarms: shown, nextCursor: null };
  }
};

const isGone = async (client: Client, swarmId: string): Promise<boolean> => {
  try {
    await client.workflow.getHandle(swarmId).describe();
    return false;
  } catch (error) {
    return asSwarmError(error, swarmId).code === 'not_found';
  }
};

const fromView = ({ swarmId, status, topology, objective, model, simulated, startedAt, endedAt }: SwarmView): SwarmListItem => ({
  swarmId,
  status,
  topology,
  objective,
  model,
  simulated,
  startedAt,
  endedAt,
  source: 'archive',
});

type Execution = temporal.api.workflow.v1.IWorkflowExecutionInfo;

const itemOf = async (client: Client, execution: Execution): Promise<SwarmListItem | null> => {
  const swarmId = execution.execution?.workflowId;
  // A run that continued as new is one line: its newest run.
  if (!swarmId || execution.status === CONTINUED_AS_NEW) return null;
  const attribute = <T>(name: string): T | undefined => decodePayload<T>(execution.searchAttributes?.indexedFields?.[name]);
  return {
    swarmId,
    status: attribute<SwarmStatus>('CfStatus') ?? 'running',
    topology: attribute('CfTopology') ?? '',
    // A memo passes the payload codec like everything in history; search attributes never do.
    objective: (await decodeOptionalSinglePayload<string>(client.options.loadedDataConverter, execution.memo?.fields?.['objective'])) ?? '',
    model: attribute('CfModel') ?? '',
    simulated: attribute('CfSimulated') ?? false,
    startedAt: isoOf(execution.startTime) ?? '',
    endedAt: isoOf(execution.closeTime),
    source: 'history',
  };
};

const CONTINUED_AS_NEW = 6;

type MaybePayload = Parameters<typeof defaultPayloadConverter.fromPayload>[0] | null | undefined;

const decodePayload = <T>(payload: MaybePayload): T | undefined => (payload ? defaultPayloadConverter.fromPayload<T>(payload) : undefined);

const isoOf = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): string | null =>
  time?.seconds ? new Date(Number(time.seconds) * 1_000 + Math.floor((time.nanos ?? 0) / 1e6)).toISOString() : null;

const encode = (cursor: Cursor): string =>
  Buffer.from(cursor.from === 'temporal' ? `t${Buffer.from(cursor.token).toString('base64')}` : `a${cursor.before ?? ''}`).toString('base64url');

const decode = (cursor: string): Cursor => {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (/^t[A-Za-z0-9+/=]+$/.test(text)) return { from: 'temporal', token: Buffer.from(text.slice(1), 'base64') };
  if (/^a\d*$/.test(text)) return { from: 'archive', before: text.length > 1 ? Number(text.slice(1)) : null };
  throw new SwarmError({
    code: 'invalid_input',
    message: 'The cursor is not one of ours.',
    why: 'A cursor is the nextCursor of the page before, unchanged.',
    fix: 'Start again without a cursor.',
  });
};

import type { SwarmEvent } from '../domain/events.js';
import type { ErrorReport } from '../domain/errors.js';
import { fit, safeLine } from './safe-text.js';

/** One event as one line for people: number, time, what, who, and why where the event says so; pure and safe to print. */
export const eventLine = ({ seq, at, type, taskId, agentId, data }: SwarmEvent, { simulated, columns = 200 }: { simulated: boolean; columns?: number }): string =>
  fit(
    [`${seq}`.padStart(4), at.slice(11, 19), simulated ? '[simulated]' : '', type, safeLine(taskId ?? ''), safeLine(agentId ?? ''), detailOf(data)]
      .filter((part) => part !== '')
      .join('  '),
    columns,
  );

const WORDS = [
  'status',
  'decided',
  'peer',
  'domain',
  'region',
  'from',
  'to',
  'verdict',
  'reason',
  'because',
  'why',
  'message',
  'findings',
  'text',
  'model',
  'topology',
  'branch',
  'commit',
  'by',
] as const;

const detailOf = (data: SwarmEvent['data']): string => {
  const words = WORDS.flatMap((name) =>
    typeof data[name] === 'string' && data[name] !== '' ? [name === 'message' || name === 'text' ? safeLine(data[name]) : `${name}: ${safeLine(data[name])}`] : [],
  );
  const lessons = Array.isArray(data['lessons']) ? [`${data['lessons'].length} lessons`] : [];
  const tasks = typeof data['tasks'] === 'number' ? [`${data['tasks']} tasks`] : [];
  const findings = Array.isArray(data['findings']) ? data['findings'].map((finding) => safeLine(String(finding))) : [];
  const preview = (data['output'] ?? data['result']) as { preview?: unknown } | undefined;
  const spec = data['spec'] as { title?: unknown } | undefined;
  const failure = data['failure'] as ErrorReport | null | undefined;
  return [
    ...words,
    ...tasks,
    ...lessons,
    ...findings,
    ...(data['disputed'] === true ? ['disputed'] : []),
    ...(Array.isArray(data['files']) ? [safeLine(data['files'].join(', '))] : []),
    ...(Array.isArray(data['value']) ? [safeLine(data['value'].join(', '))] : []),
    ...(typeof data['refuted'] === 'string' ? [`not counted: ${safeLine(data['refuted'])}`] : []),
    ...(typeof spec?.title === 'string' ? [safeLine(spec.title)] : []),
    ...(typeof preview?.preview === 'string' ? [safeLine(preview.preview)] : []),
    ...(failure ? [`${failure.code}: ${safeLine(failure.message)}`] : []),
  ].join(' · ');
};

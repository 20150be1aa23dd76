import type Database from 'better-sqlite3';
import type { ModelAnswer } from '../domain/model-call.js';
import type { Store } from './database.js';
import type { CallLedger, InFlightCall } from './port.js';

/**
 * The call ledger on SQLite. Answers are fsynced, those of one turn of the event loop together (group commit).
 * Calls in flight need to survive the process only, not a power cut, so they go through `relaxed`, which does not wait for the disk.
 */
export const createLedger = ({ $client: db }: Store, relaxed: Database.Database): CallLedger => {
  const select = db.prepare<[string], { answer: string }>('select answer from answers where key = ?');
  const insert = db.prepare('insert into answers (key, answer, at) values (?, ?, ?) on conflict (key) do nothing');
  const begin = relaxed.prepare(
    `insert into in_flight_calls (key, workflow_id, run_id, activity_id, attempt, pid, process_start)
     values (@key, @workflowId, @runId, @activityId, @attempt, @pid, @processStart)
     on conflict (key) do update set workflow_id = excluded.workflow_id, run_id = excluded.run_id, activity_id = excluded.activity_id,
       attempt = excluded.attempt, pid = excluded.pid, process_start = excluded.process_start`,
  );
  const drop = relaxed.prepare('delete from in_flight_calls where key = ? and pid = ? and attempt = ?');
  const end = db.prepare('delete from in_flight_calls where key = ?');
  const all = relaxed.prepare<[], InFlightCall>(
    `select key, workflow_id as workflowId, run_id as runId, activity_id as activityId, attempt, pid, process_start as processStart from in_flight_calls`,
  );

  const find = (key: string): ModelAnswer | null => {
    const row = select.get(key);
    return row ? (JSON.parse(row.answer) as ModelAnswer) : null;
  };
  const write = db.transaction((batch: readonly Waiting[]): readonly ModelAnswer[] =>
    batch.map(({ key, answer }) => {
      insert.run(key, JSON.stringify(answer), Date.now());
      end.run(key);
      return find(key) ?? answer;
    }),
  );
  let waiting: Waiting[] = [];
  const commit = (): void => {
    const batch = waiting;
    waiting = [];
    try {
      const written = write.immediate(batch);
      for (const [i, { answer, resolve }] of batch.entries()) resolve(written[i] ?? answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  return {
    find,
    begin: (call) => {
      begin.run(call);
    },
    abandon: ({ key, pid, attempt }) => {
      drop.run(key, pid, attempt);
    },
    record: (key, answer) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(commit);
        waiting.push({ key, answer, resolve, reject });
      }),
    inFlight: () => all.all(),
    claimOrphan: ({ key, pid, attempt }) => drop.run(key, pid, attempt).changes === 1,
  };
};

/** An answer whose transaction has not begun yet. */
interface Waiting {
  readonly key: string;
  readonly answer: ModelAnswer;
  readonly resolve: (answer: ModelAnswer) => void;
  readonly reject: (error: unknown) => void;
}

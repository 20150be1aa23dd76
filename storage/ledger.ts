import type Database from 'better-sqlite3';
import type { ModelAnswer } from '../domain/model-call.js';
import type { InsertBlob } from './blobs.js';
import type { GroupCommit } from './group-commit.js';
import type { CallLedger, InFlightCall } from './port.js';

export interface LedgerDeps {
  readonly db: Database.Database;
  /** Calls in flight need to survive the process only, not a power cut: this connection does not wait for the disk. */
  readonly relaxed: Database.Database;
  readonly insertBlob: InsertBlob;
  readonly commit: GroupCommit;
}

/** The call ledger on SQLite. An answer and its text are one write. */
export const createLedger = ({ db, relaxed, insertBlob, commit }: LedgerDeps): CallLedger => {
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
  return {
    find,
    begin: (call) => {
      begin.run(call);
    },
    abandon: ({ key, pid, attempt }) => {
      drop.run(key, pid, attempt);
    },
    record: (key, text, answerOf) =>
      commit(() => {
        const answer = answerOf(insertBlob(text));
        insert.run(key, JSON.stringify(answer), Date.now());
        end.run(key);
        return find(key) ?? answer;
      }),
    inFlight: () => all.all(),
    claimOrphan: ({ key, pid, attempt }) => drop.run(key, pid, attempt).changes === 1,
  };
};

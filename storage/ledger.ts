import type { ModelAnswer } from '../domain/model-call.js';
import type { Store } from './database.js';
import type { CallLedger, InFlightCall } from './port.js';

/** The call ledger on SQLite; every write is one transaction and on disk when it returns. */
export const createLedger = ({ $client: db }: Store): CallLedger => {
  const select = db.prepare<[string], { answer: string }>('select answer from answers where key = ?');
  const insert = db.prepare('insert into answers (key, answer, at) values (?, ?, ?) on conflict (key) do nothing');
  const begin = db.prepare(
    `insert into in_flight_calls (key, workflow_id, run_id, activity_id, attempt, pid, process_start)
     values (@key, @workflowId, @runId, @activityId, @attempt, @pid, @processStart)
     on conflict (key) do update set workflow_id = excluded.workflow_id, run_id = excluded.run_id, activity_id = excluded.activity_id,
       attempt = excluded.attempt, pid = excluded.pid, process_start = excluded.process_start`,
  );
  const drop = db.prepare('delete from in_flight_calls where key = ? and pid = ? and attempt = ?');
  const end = db.prepare('delete from in_flight_calls where key = ?');
  const all = db.prepare<[], InFlightCall>(
    `select key, workflow_id as workflowId, run_id as runId, activity_id as activityId, attempt, pid, process_start as processStart from in_flight_calls`,
  );

  const find = (key: string): ModelAnswer | null => {
    const row = select.get(key);
    return row ? (JSON.parse(row.answer) as ModelAnswer) : null;
  };
  const write = db.transaction((key: string, answer: ModelAnswer): ModelAnswer => {
    insert.run(key, JSON.stringify(answer), Date.now());
    end.run(key);
    return find(key) ?? answer;
  });

  return {
    find,
    begin: (call) => {
      begin.run(call);
    },
    abandon: ({ key, pid, attempt }) => {
      drop.run(key, pid, attempt);
    },
    record: (key, answer) => write.immediate(key, answer),
    inFlight: () => all.all(),
    claimOrphan: ({ key, pid, attempt }) => drop.run(key, pid, attempt).changes === 1,
  };
};

import { blob, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Answers of model calls, by call key; what makes a repeated attempt free. */
export const answers = sqliteTable('answers', {
  key: text().primaryKey(),
  /** `ModelAnswer` as JSON. */
  answer: text().notNull(),
  at: integer().notNull(),
});

/** Content-addressed texts: objectives, instructions, answers, reviews and results. */
export const blobs = sqliteTable('blobs', {
  /** SHA-256 in hex of `content`. */
  hash: text().primaryKey(),
  /** UTF-8. */
  content: blob({ mode: 'buffer' }).notNull(),
});

/** What must stay on this machine: private keys of voters, by `vote-key/<voter>`. */
export const secrets = sqliteTable('secrets', {
  name: text().primaryKey(),
  secret: text().notNull(),
});

/** Calls that processes of this machine are making right now. */
export const inFlightCalls = sqliteTable('in_flight_calls', {
  key: text().primaryKey(),
  workflowId: text().notNull(),
  runId: text().notNull(),
  activityId: text().notNull(),
  attempt: integer().notNull(),
  pid: integer().notNull(),
  processStart: text().notNull(),
});

/** Read model of ended swarms. */
export const swarms = sqliteTable(
  'swarms',
  {
    swarmId: text().primaryKey(),
    status: text().notNull(),
    startedAt: integer().notNull(),
    endedAt: integer().notNull(),
    /** `SwarmView` as JSON. */
    view: text().notNull(),
  },
  (table) => [index('swarms_started_at').on(table.startedAt)],
);

/** Read model of event logs. */
export const events = sqliteTable(
  'events',
  {
    swarmId: text().notNull(),
    seq: integer().notNull(),
    /** `SwarmEvent` as JSON. */
    event: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.swarmId, table.seq] })],
);

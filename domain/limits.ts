/** Limits we enforce before the server does (architecture.md section 2, promises.md P6). Sizes in bytes, times in ms. */
export const LIMITS = {
  objectiveBytes: 64 * 1024,
  taskTitleBytes: 4 * 1024,
  tasks: 300,
  agentsInFlight: 250,
  rosterAgents: 100,
  steerBytes: 8 * 1024,
  payloadBytes: 128 * 1024,
  historyEvents: 8_000,
  historyBytes: 8 * 1024 * 1024,
  /** Events kept in workflow state after continue-as-new; earlier pages are read from the previous run. */
  eventTail: 200,
  previewChars: 120,
  inlineResultBytes: 32 * 1024,
  answerBytes: 4 * 1024 * 1024,
  queenTerms: 5,
} as const;

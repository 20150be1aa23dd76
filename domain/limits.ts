import type { ContractName } from './contracts.js';

/** Limits we enforce before the server does (architecture.md section 2, promises.md P6). Sizes in bytes, times in ms. */
export const LIMITS = {
  objectiveBytes: 64 * 1024,
  taskTitleBytes: 4 * 1024,
  tasks: 5_000,
  /** Tasks in flight of a whole swarm, and of one workflow: the server's cost per operation grows with what is pending in one. */
  agentsInFlight: 1_000,
  inFlightPerWorkflow: 250,
  rosterAgents: 100,
  steerBytes: 8 * 1024,
  payloadBytes: 128 * 1024,
  /** The start input holds the whole roster and all tasks, so it may be larger than what flows between workflows; history holds it deflated. */
  inputBytes: 1536 * 1024,
  historyEvents: 8_000,
  historyBytes: 8 * 1024 * 1024,
  /** Events kept in workflow state after continue-as-new; earlier pages are read from the previous run. */
  eventTail: 200,
  previewChars: 120,
  inlineResultBytes: 32 * 1024,
  answerBytes: 4 * 1024 * 1024,
  queenTerms: 5,
  /** Peers of a mesh unless told, and at most; tasks that one manager runs itself. */
  meshPeers: 16,
  mostMeshPeers: 64,
  managerTasks: 50,
  /** Regions of one swarm. */
  regions: 8,
  /** Voters of one proposal at most. */
  voters: 25,
} as const;

/** Most output tokens a call of each contract may use; a model or a role may allow less. */
export const OUTPUT_TOKENS = {
  report: 4_096,
  patch: 16_384,
  review: 2_048,
  'test-report': 4_096,
  plan: 8_192,
  decision: 2_048,
  research: 4_096,
  design: 4_096,
  ballot: 1_024,
  preference: 1_024,
  checklist: 4_096,
  metrics: 2_048,
} as const satisfies Record<ContractName, number>;

/** Names that cross a process boundary: queues, workflow types, ids. */

export const TOPOLOGIES = ['queen', 'mesh', 'hierarchical', 'distributed'] as const;
export type Topology = (typeof TOPOLOGIES)[number];

export const WORKFLOWS = {
  swarm: 'swarm',
  queenSwarm: 'queenSwarm',
  meshSwarm: 'meshSwarm',
  meshPeer: 'meshPeer',
  hierarchicalSwarm: 'hierarchicalSwarm',
  manager: 'manager',
  distributedSwarm: 'distributedSwarm',
  region: 'region',
  scaler: 'scaler',
} as const;
/** The workflow that coordinates each topology. */
export const COORDINATORS = { queen: 'queenSwarm', mesh: 'meshSwarm', hierarchical: 'hierarchicalSwarm', distributed: 'distributedSwarm' } as const satisfies Record<
  Topology,
  string
>;

export const SWARMS_QUEUE = 'cf.swarms';
/** One queue per provider, so that its rate limit is one limit over all workers. */
export const modelQueue = (provider: string): string => `cf.models.${provider}`;
/** Coordinators live on the queue of a hosted model: only on the same queue does the server hand a call to the worker that asked for it at once (ADR 12). Models of this process gain nothing. */
export const coordinatorQueue = (provider: ProviderName): string => (provider === 'local' || provider === 'sim' ? SWARMS_QUEUE : modelQueue(provider));

/** The region that every worker without `--region` serves, on the queues it polls anyway. */
export const LOCAL_REGION = 'local';
export const REGION_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
export const regionQueue = (region: string): string => `cf.region.${region}`;
/** Where a region's workers show that they live, apart from its calls: those may fill every slot. */
export const pulseQueue = (region: string): string => `${regionQueue(region)}.pulse`;
/** Where the workflow of a region and its model calls run. */
export const regionLanes = (region: string, provider: ProviderName): { readonly workflows: string; readonly calls: string } =>
  region === LOCAL_REGION ? { workflows: coordinatorQueue(provider), calls: modelQueue(provider) } : { workflows: regionQueue(region), calls: regionQueue(region) };

export const PROVIDERS = ['anthropic', 'openai', 'compat', 'local', 'sim'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** Splits `provider/model`; the model part may itself contain slashes. Null when it is not of that form. */
export const parseModelRef = (ref: string): { provider: ProviderName; name: string } | null => {
  const slash = ref.indexOf('/');
  const provider = ref.slice(0, slash) as ProviderName;
  const name = ref.slice(slash + 1);
  return slash > 0 && name !== '' && PROVIDERS.includes(provider) ? { provider, name } : null;
};

export const SWARM_ID = /^swarm-[0-9A-Za-z][0-9A-Za-z_-]{0,62}$/;
/** Workflow id of a coordinator; ids read as paths. */
export const coordinatorId = (swarmId: string, topology: Topology, term: number): string => `${swarmId}/${topology}-${term}`;
export const peerId = (parentId: string, peer: string, term: number): string => `${parentId}/${peer}${term === 1 ? '' : `.${term}`}`;
export const managerId = (parentId: string, domain: string, term: number): string => `${parentId}/manager-${domain}${term === 1 ? '' : `.${term}`}`;
export const regionId = (parentId: string, region: string, term: number): string => `${parentId}/region-${region}${term === 1 ? '' : `.${term}`}`;
/** Workflow id of what scales the workers of a queue. */
export const scalerId = (queue: string): string => `cf-scaler/${queue}`;

/** Key of one model call: unique in the swarm and the same over attempts, replays, continue-as-new and a new coordinator. */
export const callKey = (swarmId: string, scope: string, purpose: string, nth: number): string => `${swarmId}/${scope}/${purpose}/${nth}`;

/** Key of one effect of a task; `nth` tells its tries and rounds apart. */
export const effectKey = (swarmId: string, taskId: string, nth: string): string => `${swarmId}/${taskId}/effect${nth}`;

/**
 * The part of a purpose that tells prompts of one call apart: the role where the coordinator chose it, how many steering texts and which lessons the prompt carries, and which try it is.
 * A coordinator that died before it reported an assignment is replaced by one that may choose otherwise; a key must never get another prompt.
 */
export const variantOf = (chosenRole: string | null, steerings: number, tries = 0, lessons = ''): string =>
  `${chosenRole === null ? '' : `.${chosenRole}`}${steerings === 0 ? '' : `.s${steerings}`}${lessons === '' ? '' : `.l${lessons}`}${tries === 0 ? '' : `.try${tries + 1}`}`;

export const SEARCH_ATTRIBUTES = {
  CfStatus: 'KEYWORD',
  CfTopology: 'KEYWORD',
  CfTenant: 'KEYWORD',
  CfModel: 'KEYWORD',
  CfSimulated: 'BOOL',
  CfTokens: 'INT',
} as const;

import { createModelActivities, type ModelDeps } from './call-model.js';
import { createClaimActivities } from './check-claims.js';
import { createPulseActivities } from './pulse.js';
import { createRecordActivities, type RecordDeps } from './record-outcome.js';
import { createRegionActivities, type RegionControl } from './regions.js';
import type { SecretStore } from '../storage/port.js';
import { createTextActivities } from './texts.js';
import { createVoteKeyActivities } from './vote-keys.js';
import { createWorkspaceActivities, type WorkspaceDeps } from './workspace.js';

/** Every activity, by the queue it runs on. */
export const createActivities = (deps: ModelDeps & RecordDeps & WorkspaceDeps & { readonly secrets: SecretStore; readonly regions: RegionControl }) => ({
  models: createModelActivities(deps),
  pulse: createPulseActivities(deps),
  light: {
    ...createTextActivities(deps),
    ...createClaimActivities(deps),
    ...createRecordActivities(deps),
    ...createVoteKeyActivities(deps),
    ...createRegionActivities(deps),
    ...createWorkspaceActivities(deps),
  },
});

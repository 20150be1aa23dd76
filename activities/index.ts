import { createModelActivities, type ModelDeps } from './call-model.js';
import { createClaimActivities } from './check-claims.js';
import { createRecordActivities, type RecordDeps } from './record-outcome.js';
import type { SecretStore } from '../storage/port.js';
import { createTextActivities } from './texts.js';
import { createVoteKeyActivities } from './vote-keys.js';

/** Every activity, by the queue it runs on. */
export const createActivities = (deps: ModelDeps & RecordDeps & { readonly secrets: SecretStore }) => ({
  models: createModelActivities(deps),
  light: { ...createTextActivities(deps), ...createClaimActivities(deps), ...createRecordActivities(deps), ...createVoteKeyActivities(deps) },
});

import { createModelActivities, type ModelDeps } from './call-model.js';
import { createClaimActivities } from './check-claims.js';
import { createRecordActivities, type RecordDeps } from './record-outcome.js';
import { createTextActivities } from './texts.js';

/** Every activity, by the queue it runs on. */
export const createActivities = (deps: ModelDeps & RecordDeps) => ({
  models: createModelActivities(deps),
  light: { ...createTextActivities(deps), ...createClaimActivities(deps), ...createRecordActivities(deps) },
});

import { join } from 'node:path';
import { type Catalogue, loadCatalogue } from '../agents/loader.js';
import { packageRoot } from '../config/package-root.js';
import type { Settings } from '../config/settings.js';

/** The roles a project sees: its own, the user's in `CF_HOME/agents`, the built-in ones. */
export const readCatalogue = ({ cwd, home }: Pick<Settings, 'cwd' | 'home'>): Promise<Catalogue> =>
  loadCatalogue({ builtin: join(packageRoot, 'agents'), project: cwd, user: join(home, 'agents') });

import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** `npm run record:histories`: runs the recorder instead of the tests. */
export default defineConfig({ test: { ...base.test, include: ['tests/histories/record.ts'] } });
